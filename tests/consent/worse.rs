//! Ways of keeping an answer that are cheaper than Alcove's, and lose it.

use std::io;

use alcove::consent::{BLOCK_BYTES, Block, Flash};

use super::mock::Mock;
use super::model::Wrap;

pub const WAYS: &[(&str, Wrap)] = &[
    ("never flushes", |mock| Way::NeverFlushes.over(mock)),
    ("acknowledges before the second flush", |mock| {
        Way::OneFlush.over(mock)
    }),
    ("writes one half only", |mock| Way::OneHalf.over(mock)),
    ("has no checksum", |mock| Way::NoChecksum.over(mock)),
    ("never mends the copy that a cut left out", |mock| {
        Way::NeverMends.over(mock)
    }),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    NeverFlushes,
    OneFlush,
    OneHalf,
    NoChecksum,
    NeverMends,
}

struct Worse {
    way: Way,
    flash: Box<dyn Flash>,
    /// The block that was written last, and what with.
    last: Option<(u32, Block)>,
}

impl Way {
    fn over(self, mock: &Mock) -> Box<dyn Flash> {
        Box::new(Worse {
            way: self,
            flash: mock.boxed(),
            last: None,
        })
    }
}

impl Worse {
    fn is_upper(&self, at: u32) -> bool {
        at >= self.flash.blocks() / 2
    }
}

impl Flash for Worse {
    fn blocks(&self) -> u32 {
        self.flash.blocks()
    }

    fn is_writable(&self) -> bool {
        self.flash.is_writable()
    }

    fn read(&mut self, first: u32, blocks: &mut [Block]) -> io::Result<()> {
        self.flash.read(first, blocks)?;
        let upper = self.is_upper(first);
        for block in blocks {
            match self.way {
                Way::OneHalf if upper => *block = Block::ZERO,
                Way::NoChecksum if block.0.starts_with(b"ALCONSNT") => {
                    let (body, crc) = block.0.split_at_mut(BLOCK_BYTES - 4);
                    crc.copy_from_slice(&crc32c::crc32c(body).to_le_bytes());
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn write(&mut self, at: u32, block: &Block) -> io::Result<()> {
        let half = self.flash.blocks() / 2;
        let is_second = self
            .last
            .as_ref()
            .is_some_and(|(before, other)| before + half == at && other == block);
        self.last = Some((at, block.clone()));
        match self.way {
            Way::OneHalf if self.is_upper(at) => Ok(()),
            Way::NeverMends if self.is_upper(at) && !is_second => Ok(()),
            _ => self.flash.write(at, block),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        let after_second = self.last.as_ref().is_some_and(|(at, _)| self.is_upper(*at));
        match self.way {
            Way::NeverFlushes => Ok(()),
            Way::OneFlush if after_second => Ok(()),
            _ => self.flash.flush(),
        }
    }
}
