//! A chain of picture filters.
//!
//! Never: a thread of its own, or a filter that the caller did not name.

use std::ffi::{CStr, CString};
use std::ptr;

use alcove::base::rational::{Rational, rescale};
use ffmpeg_next::ffi;

use super::decode::{Step, set_option, step};
use super::error::{AvError, check};
use super::frame::{Frame, number};

/// An open chain of filters; it follows changes of size and format by opening itself anew.
pub struct Filter {
    chain: CString,
    timescale: u32,
    graph: Option<Graph>,
}

impl Filter {
    /// A chain in libavfilter's own words (`bwdif=…,scale=…`) for pictures with timestamps of `timescale`.
    ///
    /// # Errors
    /// [`AvError::Unsupported`] when the words hold a NUL.
    pub fn new(chain: &str, timescale: u32) -> Result<Self, AvError> {
        let chain =
            CString::new(chain).map_err(|_| AvError::Unsupported("a filter with a NUL".into()))?;
        Ok(Self {
            chain,
            timescale,
            graph: None,
        })
    }

    /// Gives one picture, or the end with `None`; answers with what comes out.
    ///
    /// # Errors
    /// libav's answer.
    pub fn run(&mut self, frame: Option<&Frame>) -> Result<Vec<Frame>, AvError> {
        let mut out = Vec::new();
        let shape = frame.map(Shape::of);
        if let Some(mut old) = self.graph.take_if(|graph| Some(graph.shape) != shape) {
            old.run(None, self.timescale, &mut out)?;
        }
        if let (Some(frame), Some(shape)) = (frame, shape) {
            let graph = match &mut self.graph {
                Some(graph) => graph,
                empty => empty.insert(Graph::open(&self.chain, shape, self.timescale)?),
            };
            graph.run(Some(frame), self.timescale, &mut out)?;
        }
        Ok(out)
    }
}

/// What must stay the same while a graph lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Shape {
    width: i32,
    height: i32,
    format: i32,
    space: u32,
    range: u32,
}

impl Shape {
    fn of(frame: &Frame) -> Self {
        let raw = frame.raw();
        Self {
            width: raw.width,
            height: raw.height,
            format: raw.format,
            space: number!(raw, colorspace),
            range: number!(raw, color_range),
        }
    }
}

struct Graph {
    graph: *mut ffi::AVFilterGraph,
    // Both belong to `graph` and live as long as it does.
    source: *mut ffi::AVFilterContext,
    sink: *mut ffi::AVFilterContext,
    shape: Shape,
}

impl Graph {
    fn open(chain: &CStr, shape: Shape, timescale: u32) -> Result<Self, AvError> {
        // SAFETY: the graph is owned by the returned value from its allocation on; the filters
        // that are allocated in it are freed with it.
        unsafe {
            let graph = ffi::avfilter_graph_alloc();
            if graph.is_null() {
                return Err(AvError::OutOfMemory);
            }
            let mut own = Self {
                graph,
                source: ptr::null_mut(),
                sink: ptr::null_mut(),
                shape,
            };
            (*graph).nb_threads = 1;
            own.source = own.add(c"buffer", c"in")?;
            let options = [
                (c"width", i64::from(shape.width)),
                (c"height", i64::from(shape.height)),
                (c"pix_fmt", i64::from(shape.format)),
                // From FFmpeg 7 on; before, the graph looks at each frame.
                (c"colorspace", i64::from(shape.space)),
                (c"range", i64::from(shape.range)),
            ];
            for (name, value) in options {
                let text = CString::new(value.to_string()).expect("digits hold no NUL");
                set_option(own.source.cast(), name, &text)?;
            }
            let base = CString::new(format!("1/{timescale}")).expect("digits hold no NUL");
            set_option(own.source.cast(), c"time_base", &base)?;
            let none = ptr::null();
            check("opening a filter", ffi::avfilter_init_str(own.source, none))?;
            own.sink = own.add(c"buffersink", c"out")?;
            check("opening a filter", ffi::avfilter_init_str(own.sink, none))?;
            own.link(chain)?;
            Ok(own)
        }
    }

    /// Allocates a filter in the graph.
    fn add(&mut self, kind: &CStr, name: &CStr) -> Result<*mut ffi::AVFilterContext, AvError> {
        // SAFETY: both names end in NUL; the graph is live.
        unsafe {
            let filter = ffi::avfilter_get_by_name(kind.as_ptr());
            if filter.is_null() {
                return Err(AvError::Unsupported("libavfilter lacks a filter".into()));
            }
            let context = ffi::avfilter_graph_alloc_filter(self.graph, filter, name.as_ptr());
            if context.is_null() {
                return Err(AvError::OutOfMemory);
            }
            Ok(context)
        }
    }

    /// Puts the chain between source and sink.
    fn link(&mut self, chain: &CStr) -> Result<(), AvError> {
        // SAFETY: the lists are ours until avfilter_graph_parse_ptr takes from them; what it
        // leaves is freed. Their names are copies that the lists own.
        unsafe {
            let mut outputs = ffi::avfilter_inout_alloc();
            let mut inputs = ffi::avfilter_inout_alloc();
            if outputs.is_null() || inputs.is_null() {
                ffi::avfilter_inout_free(&raw mut outputs);
                ffi::avfilter_inout_free(&raw mut inputs);
                return Err(AvError::OutOfMemory);
            }
            (*outputs).name = ffi::av_strdup(c"in".as_ptr());
            (*outputs).filter_ctx = self.source;
            (*inputs).name = ffi::av_strdup(c"out".as_ptr());
            (*inputs).filter_ctx = self.sink;
            let code = ffi::avfilter_graph_parse_ptr(
                self.graph,
                chain.as_ptr(),
                &raw mut inputs,
                &raw mut outputs,
                ptr::null_mut(),
            );
            ffi::avfilter_inout_free(&raw mut inputs);
            ffi::avfilter_inout_free(&raw mut outputs);
            check("reading a filter chain", code)?;
            check(
                "joining filters",
                ffi::avfilter_graph_config(self.graph, ptr::null_mut()),
            )?;
        }
        Ok(())
    }

    fn run(
        &mut self,
        frame: Option<&Frame>,
        timescale: u32,
        all: &mut Vec<Frame>,
    ) -> Result<(), AvError> {
        let mut given = frame.map(Frame::share).transpose()?;
        let raw = given.as_mut().map_or(ptr::null_mut(), Frame::as_mut_ptr);
        // SAFETY: the source is open; libav takes over what the shared frame refers to.
        let code = unsafe { ffi::av_buffersrc_add_frame_flags(self.source, raw, 0) };
        check("filtering", code)?;
        loop {
            let mut out = Frame::new()?;
            // SAFETY: the sink is open and the frame empty.
            let code = unsafe { ffi::av_buffersink_get_frame(self.sink, out.as_mut_ptr()) };
            if step("filtering", code)? != Step::Ready {
                return Ok(());
            }
            // SAFETY: the sink is open.
            let base = unsafe { ffi::av_buffersink_get_time_base(self.sink) };
            let base = Rational::new(base.num, base.den);
            if let Some(pts) = out.pts()
                && base.is_valid()
            {
                let ticks = Rational::new(1, i32::try_from(timescale).unwrap_or(i32::MAX));
                out.set_pts(rescale(pts, base, ticks));
            }
            all.push(out);
        }
    }
}

impl Drop for Graph {
    fn drop(&mut self) {
        // SAFETY: owned, freed once, with all its filters.
        unsafe { ffi::avfilter_graph_free(&raw mut self.graph) };
    }
}
