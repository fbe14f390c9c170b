//! A board's disk that remembers every write and flush, so that a power cut at any of them can be made afterwards.
//!
//! Never: a write to the image below it.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

const SECTOR_BYTES: usize = 512;
/// A card that is larger than the image, so that data can grow.
pub const CARD_BYTES: u64 = 4 << 30;

/// What the board did, in its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// Sectors from `first` on. Whether it is `kept` before the board hears that it is done.
    Write { first: u64, count: u64, kept: bool },
    /// Everything before it is kept.
    Flush,
}

/// Where a sector's content is: the number of a file and an offset in bytes.
type Place = (u32, u64);

/// Content of the image with what was written since. Forks share what they have in common.
pub struct Disk {
    /// The image, then the logs; the last one is written to.
    files: Vec<Arc<File>>,
    image_bytes: u64,
    /// What was written before this log began.
    before: Arc<HashMap<u64, Place>>,
    since: HashMap<u64, Place>,
    /// With each write's offset in the log.
    events: Vec<(Event, u64)>,
    log_bytes: u64,
}

impl Disk {
    pub fn over(image: &Path) -> io::Result<Self> {
        let image = File::open(image)?;
        let image_bytes = image.metadata()?.len();
        Self::with_log(vec![Arc::new(image)], image_bytes, HashMap::new())
    }

    fn with_log(
        mut files: Vec<Arc<File>>,
        image_bytes: u64,
        before: HashMap<u64, Place>,
    ) -> io::Result<Self> {
        files.push(Arc::new(tempfile::tempfile()?));
        Ok(Self {
            files,
            image_bytes,
            before: Arc::new(before),
            since: HashMap::new(),
            events: Vec::new(),
            log_bytes: 0,
        })
    }

    /// Another disk with the same content, whose log is empty.
    pub fn fork(&self) -> io::Result<Self> {
        self.after(self.events.len(), |_| false)
    }

    /// The disk after the first `count` events of its log, without the writes for whose number `lost` is true.
    pub fn after(&self, count: usize, lost: impl Fn(usize) -> bool) -> io::Result<Self> {
        let mut content = (*self.before).clone();
        let log = self.newest_log();
        for (number, (event, at)) in self.events[..count].iter().enumerate() {
            if let Event::Write { first, count, .. } = *event
                && !lost(number)
            {
                for i in 0..count {
                    content.insert(first + i, (log, at + i * SECTOR_BYTES as u64));
                }
            }
        }
        Self::with_log(self.files.clone(), self.image_bytes, content)
    }

    pub fn events(&self) -> impl ExactSizeIterator<Item = Event> + '_ {
        self.events.iter().map(|(event, _)| *event)
    }

    /// The writes among the first `count` events that a power cut at that point may lose.
    pub fn unkept(&self, count: usize) -> Vec<usize> {
        let events: Vec<Event> = self.events().take(count).collect();
        let flushed = events.iter().rposition(|event| *event == Event::Flush);
        (flushed.map_or(0, |at| at + 1)..count)
            .filter(|i| matches!(events[*i], Event::Write { kept: false, .. }))
            .collect()
    }

    fn newest_log(&self) -> u32 {
        u32::try_from(self.files.len() - 1).expect("logs are few")
    }

    /// Reads whole sectors.
    pub fn read(&self, at: u64, buffer: &mut [u8]) -> io::Result<()> {
        let first = sector(at, buffer.len())?;
        for (number, part) in (first..).zip(buffer.chunks_mut(SECTOR_BYTES)) {
            let place = self.since.get(&number).or_else(|| self.before.get(&number));
            match place {
                Some((file, at)) => self.files[*file as usize].read_exact_at(part, *at)?,
                None => self.read_image(number * SECTOR_BYTES as u64, part)?,
            }
        }
        Ok(())
    }

    /// Beyond the image's end are zeros.
    fn read_image(&self, at: u64, part: &mut [u8]) -> io::Result<()> {
        part.fill(0);
        if at < self.image_bytes {
            let whole = part.len().min((self.image_bytes - at) as usize);
            self.files[0].read_exact_at(&mut part[..whole], at)?;
        }
        Ok(())
    }

    /// Writes whole sectors.
    pub fn write(&mut self, at: u64, bytes: &[u8], kept: bool) -> io::Result<()> {
        let first = sector(at, bytes.len())?;
        let log = self.newest_log();
        self.files[log as usize].write_all_at(bytes, self.log_bytes)?;
        let count = (bytes.len() / SECTOR_BYTES) as u64;
        for i in 0..count {
            let place = (log, self.log_bytes + i * SECTOR_BYTES as u64);
            self.since.insert(first + i, place);
        }
        let event = Event::Write { first, count, kept };
        self.events.push((event, self.log_bytes));
        self.log_bytes += bytes.len() as u64;
        Ok(())
    }

    pub fn flush(&mut self) {
        self.events.push((Event::Flush, self.log_bytes));
    }
}

/// The first sector of a transfer.
fn sector(at: u64, length: usize) -> io::Result<u64> {
    let size = SECTOR_BYTES as u64;
    let whole = at.is_multiple_of(size) && length.is_multiple_of(SECTOR_BYTES);
    if !whole || at + length as u64 > CARD_BYTES {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    Ok(at / size)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn disk_of(bytes: &[u8]) -> Disk {
        let mut image = tempfile::NamedTempFile::new().unwrap();
        image.write_all(bytes).unwrap();
        Disk::over(image.path()).unwrap()
    }

    fn first_bytes(disk: &Disk, sectors: usize) -> Vec<u8> {
        let mut content = vec![0; sectors * SECTOR_BYTES];
        disk.read(0, &mut content).unwrap();
        content.chunks(SECTOR_BYTES).map(|part| part[0]).collect()
    }

    #[test]
    fn a_cut_has_what_was_written_before_it_and_forks_do_not_see_each_other() {
        let mut disk = disk_of(&[1; 700]);
        assert_eq!(first_bytes(&disk, 3), [1, 1, 0]);
        disk.write(0, &[2; 1024], false).unwrap();
        disk.flush();
        disk.write(512, &[3; 512], false).unwrap();
        let mut fork = disk.fork().unwrap();
        fork.write(0, &[4; 512], true).unwrap();
        assert_eq!(first_bytes(&disk, 3), [2, 3, 0]);
        assert_eq!(first_bytes(&fork, 3), [4, 3, 0]);
        for (count, expected) in [
            (0, [1, 1, 0]),
            (1, [2, 2, 0]),
            (2, [2, 2, 0]),
            (3, [2, 3, 0]),
        ] {
            let cut = disk.after(count, |_| false).unwrap();
            assert_eq!(first_bytes(&cut, 3), expected, "after {count}");
        }
        assert_eq!(
            first_bytes(&fork.after(0, |_| false).unwrap(), 3),
            [2, 3, 0]
        );
    }

    #[test]
    fn a_cut_may_lose_what_no_flush_has_kept() {
        let mut disk = disk_of(&[]);
        disk.write(0, &[1; 512], false).unwrap();
        disk.flush();
        disk.write(512, &[2; 512], false).unwrap();
        disk.write(1024, &[3; 512], true).unwrap();
        disk.write(0, &[4; 512], false).unwrap();
        assert_eq!(disk.unkept(1), [0]);
        assert_eq!(disk.unkept(2), [0; 0]);
        assert_eq!(disk.unkept(5), [2, 4]);
        let cut = disk.after(5, |number| number == 2).unwrap();
        assert_eq!(first_bytes(&cut, 3), [4, 0, 3]);
    }
}
