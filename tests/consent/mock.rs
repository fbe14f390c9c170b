//! A flash in memory that loses power on demand, and every state in which it may be found afterwards.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

use alcove::base::clock::ManualClock;
use alcove::base::week::Week;
use alcove::consent::{Access, Block, Choice, Consent, Flash, Reason, Settings, Switches};

/// Unit in which a block may be torn.
const SECTOR_BYTES: usize = 512;
const SECTORS: usize = 8;
/// A week of 2026.
pub const WEEK: u16 = 2950;

pub const ALL: Switches = Switches {
    playback_statistics: true,
    crash_reports: true,
    release_news: true,
};

pub fn clock_at(week: u16) -> Arc<ManualClock> {
    Arc::new(ManualClock::at_unix_ms(
        Week::from_1970(week).start_unix_ms(),
    ))
}

pub fn settings() -> Settings {
    Settings {
        registry_version: 1,
        do_not_track: false,
        access: Access::Change,
        clock: clock_at(WEEK),
    }
}

/// What a medium holds. Its states share the blocks that are the same in them: there are hundreds of thousands.
pub type Image = Vec<Arc<Block>>;

#[derive(Default)]
struct Medium {
    durable: Image,
    /// Written, and not flushed.
    pending: Vec<(u32, Arc<Block>)>,
    /// Writes and flushes that are still done; the one after them is cut.
    ops_left: Option<u32>,
    dead: bool,
    ops: u32,
    last_written: [u32; 2],
    read_only: bool,
    unreadable: Vec<u32>,
}

/// A handle to a flash in memory.
#[derive(Clone)]
pub struct Mock(Arc<Mutex<Medium>>);

/// What a power cut leaves.
pub struct Left {
    durable: Image,
    pending: Vec<(u32, Arc<Block>)>,
    /// The two blocks that were written last.
    pub last_written: [u32; 2],
}

impl Mock {
    pub fn of(image: &[Arc<Block>]) -> Self {
        Self(Arc::new(Mutex::new(Medium {
            durable: image.to_vec(),
            ..Medium::default()
        })))
    }

    pub fn blank(blocks: usize) -> Self {
        Self::of(&filled(Block::ZERO, blocks))
    }

    pub fn boxed(&self) -> Box<dyn Flash> {
        Box::new(self.clone())
    }

    pub fn open(&self, settings: Settings) -> Consent {
        open(vec![Ok(self.boxed())], settings)
    }

    pub fn cut_after(&self, ops: u32) {
        self.medium().ops_left = Some(ops);
    }

    pub fn power_back(&self) {
        let mut medium = self.medium();
        (medium.ops_left, medium.dead) = (None, false);
    }

    pub fn set_read_only(&self) {
        self.medium().read_only = true;
    }

    pub fn set_unreadable(&self, blocks: &[u32]) {
        self.medium().unreadable = blocks.to_vec();
    }

    pub fn ops(&self) -> u32 {
        self.medium().ops
    }

    /// What was flushed.
    pub fn image(&self) -> Image {
        self.medium().durable.clone()
    }

    pub fn lose_power(&self) -> Left {
        let mut medium = self.medium();
        Left {
            durable: medium.durable.clone(),
            pending: std::mem::take(&mut medium.pending),
            last_written: medium.last_written,
        }
    }

    fn medium(&self) -> MutexGuard<'_, Medium> {
        self.0.lock().expect("no test panics while it holds it")
    }
}

impl Medium {
    /// Counts one write or flush; an error when the power is gone, or goes while it runs.
    fn step(&mut self) -> io::Result<()> {
        if self.read_only {
            return Err(io::ErrorKind::ReadOnlyFilesystem.into());
        }
        self.ops += 1;
        if let Some(left) = &mut self.ops_left {
            self.dead |= *left == 0;
            *left = left.saturating_sub(1);
        }
        if self.dead {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        Ok(())
    }
}

impl Flash for Mock {
    fn blocks(&self) -> u32 {
        u32::try_from(self.medium().durable.len()).expect("few")
    }

    fn is_writable(&self) -> bool {
        !self.medium().read_only
    }

    fn read(&mut self, first: u32, blocks: &mut [Block]) -> io::Result<()> {
        let medium = self.medium();
        for (at, block) in (first..).zip(blocks) {
            if medium.unreadable.contains(&at) {
                return Err(io::ErrorKind::Other.into());
            }
            let pending = medium.pending.iter().rev().find(|(other, _)| *other == at);
            let found = pending.map_or(&medium.durable[at as usize], |(_, block)| block);
            block.0.copy_from_slice(&found.0);
        }
        Ok(())
    }

    fn write(&mut self, at: u32, block: &Block) -> io::Result<()> {
        let mut medium = self.medium();
        let was_dead = medium.dead;
        let done = medium.step();
        if !was_dead && !medium.read_only {
            medium.pending.push((at, Arc::new(block.clone())));
            medium.last_written = [medium.last_written[1], at];
        }
        done
    }

    fn flush(&mut self) -> io::Result<()> {
        let mut medium = self.medium();
        medium.step()?;
        for (at, block) in std::mem::take(&mut medium.pending) {
            medium.durable[at as usize] = block;
        }
        Ok(())
    }
}

impl Left {
    /// The state in which everything was kept.
    pub fn whole(&self) -> Image {
        let mut whole = self.durable.clone();
        for (at, block) in &self.pending {
            whole[*at as usize] = Arc::clone(block);
        }
        whole
    }

    /// Every state of the medium: each subset of what was not flushed, one block of it whole or torn at any edge,
    /// its first sectors written or its last ones.
    pub fn images(&self) -> Vec<Image> {
        let mut images = Vec::new();
        for kept in 0..1_u32 << self.pending.len() {
            let is_kept = |n: usize| kept & (1 << n) != 0;
            let mut whole = self.durable.clone();
            for (n, (at, block)) in self.pending.iter().enumerate() {
                if is_kept(n) {
                    whole[*at as usize] = Arc::clone(block);
                }
            }
            let kept = self.pending.iter().enumerate();
            for (_, (at, block)) in kept.filter(|(n, _)| is_kept(*n)) {
                for edge in 1..SECTORS {
                    for written in [0..edge, edge..SECTORS] {
                        let bytes = written.start * SECTOR_BYTES..written.end * SECTOR_BYTES;
                        let mut part = Block::clone(&self.durable[*at as usize]);
                        part.0[bytes.clone()].copy_from_slice(&block.0[bytes]);
                        let mut torn = whole.clone();
                        torn[*at as usize] = Arc::new(part);
                        images.push(torn);
                    }
                }
            }
            images.push(whole);
        }
        images
    }
}

pub fn open(flashes: Vec<Result<Box<dyn Flash>, Reason>>, settings: Settings) -> Consent {
    Consent::over(flashes, settings)
}

/// The same block everywhere.
pub fn filled(block: Block, blocks: usize) -> Image {
    std::iter::repeat_n(Arc::new(block), blocks).collect()
}

pub fn rot(image: &mut [Arc<Block>], block: u32, bit: usize) {
    Arc::make_mut(&mut image[block as usize]).0[bit / 8] ^= 1 << (bit % 8);
}

/// A flash on which the owner has said yes to everything.
pub fn shared() -> Mock {
    let mock = Mock::blank(8);
    let consent = mock.open(settings());
    consent.set(Choice::Share, ALL).expect("stored");
    mock
}
