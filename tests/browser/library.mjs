// Folders of media for the browser tests, made once. Never: two files with the same content.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { MAKE, MEDIA } from './places.mjs';

function made(name) {
  const path = join(MEDIA, 'recipes', name);
  if (!existsSync(path)) {
    mkdirSync(dirname(path), { recursive: true });
    execFileSync(MAKE, [name, path], { stdio: ['ignore', 'inherit', 'inherit'] });
  }
  return readFileSync(path);
}

function put(root, path, bytes) {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), bytes);
  // What changed a moment ago counts as still being written, and a scan comes back later.
  utimesSync(join(root, path), new Date(2024, 0, 1), new Date(2024, 0, 1));
}

/** A folder that `fill` fills, and that is there whole or not at all. */
function folder(name, fill) {
  const path = join(MEDIA, name);
  if (!existsSync(path)) {
    const part = `${path}.part`;
    rmSync(part, { recursive: true, force: true });
    mkdirSync(part, { recursive: true });
    fill(part);
    renameSync(part, path);
  }
  return path;
}

/** Nothing at all. */
export const empty = () => folder('empty', () => {});

/** Films that browsers play and that they do not, a series, an album, photos: something on every page. */
export const small = () =>
  folder('small-1', (root) => {
    put(root, 'Films/Direct Film (2020)/Direct Film (2020).mp4', made('h264_aac.mp4'));
    put(root, 'Films/Direct Film (2020)/Direct Film (2020).en.srt', made('side.srt'));
    put(root, 'Films/Hevc Film (2021)/Hevc Film (2021).mkv', made('hevc_subtitled.mkv'));
    put(root, 'Films/Broadcast (1998)/Broadcast (1998).mkv', made('mpeg2_ac3.mkv'));
    put(root, 'Films/Broadcast (1998)/Broadcast (1998).en.srt', made('side.srt'));
    put(root, 'Films/Transport.2019.ts', made('late_start.ts'));
    put(root, 'Series/Two Parts/Season 01/Two Parts - S01E01 - First.mp4', made('short.mp4'));
    put(root, 'Series/Two Parts/Season 01/Two Parts - S01E02 - Second.mkv', made('subtitles.mkv'));
    put(root, 'Music/The Sines/Pure Tones/01 Flac.flac', titled(made('tone.flac')));
    put(root, 'Music/The Sines/Pure Tones/02 Mp3.mp3', made('tone.mp3'));
    put(root, 'Photos/2021 Summer/IMG_0001.jpg', made('photo_exif.jpg'));
    put(root, 'Photos/2021 Summer/IMG_0002.jpg', made('photo_sideways.jpg'));
    put(root, 'Photos/2021 Summer/IMG_0003.png', made('photo.png'));
    put(root, 'Home videos/Phone (2022).mp4', made('rotated.mp4'));
  });

/** Five items, one of each kind. */
export const five = () =>
  folder('five-1', (root) => {
    put(root, 'Films/Direct Film (2020)/Direct Film (2020).mp4', made('h264_aac.mp4'));
    put(root, 'Series/One Part/Season 01/One Part - S01E01 - Only.mp4', made('short.mp4'));
    put(root, 'Music/The Sines/Pure Tones/02 Mp3.mp3', made('tone.mp3'));
    put(root, 'Photos/2021 Summer/IMG_0001.jpg', made('photo_exif.jpg'));
    put(root, 'Home videos/Phone (2022).mp4', made('rotated.mp4'));
  });

const FIRST = ['Amber', 'Brisk', 'Copper', 'Dusty', 'Eager', 'Faint', 'Gentle', 'Hidden', 'Iron', 'Jolly', 'Keen', 'Late', 'Mild', 'Narrow', 'Olive', 'Pale', 'Quiet', 'Rapid', 'Silent', 'Tall', 'Upper', 'Velvet', 'Warm', 'Young'];
const SECOND = ['Harbour', 'Lantern', 'Meadow', 'Orchard', 'Parade', 'Quarry', 'River', 'Station', 'Tunnel', 'Valley', 'Window'];

/** Ten thousand items. */
export const large = () =>
  folder('large-1', (root) => {
    const [film, song, photo] = [made('tiny_h264.mp4'), made('tiny.mp3'), made('photo_exif.jpg')];
    for (let n = 0; n < 5000; n += 1) {
      const name = `${FIRST[n % FIRST.length]} ${SECOND[n % SECOND.length]} ${n} (${1950 + (n % 75)})`;
      put(root, `Films/${name}/${name}.mp4`, own(film, n));
    }
    for (let n = 0; n < 2000; n += 1) {
      const name = `Serial ${Math.floor(n / 10)}`;
      put(root, `Series/${name}/Season 01/${name} - S01E${String((n % 10) + 1).padStart(2, '0')}.mp4`, own(film, 5000 + n));
    }
    for (let n = 0; n < 2000; n += 1) {
      const tail = Buffer.alloc(128);
      tail.write(`TAGSong ${n}`, 'latin1');
      tail.write(`Band ${Math.floor(n / 40)}`, 33, 'latin1');
      tail.write(`Record ${Math.floor(n / 10)}`, 63, 'latin1');
      put(root, `Music/Band ${Math.floor(n / 40)}/Record ${Math.floor(n / 10)}/${(n % 10) + 1} Song ${n}.mp3`, Buffer.concat([withoutId3(song), tail]));
    }
    for (let n = 0; n < 1000; n += 1) put(root, `Photos/${2000 + (n % 20)}/IMG_${n}.jpg`, own(photo, n));
  });

/** The same file with bytes of its own at the end, in a box that players skip. */
function own(bytes, n) {
  const tail = Buffer.alloc(16);
  tail.writeUInt32BE(16, 0);
  tail.write('free', 4, 'latin1');
  tail.writeUInt32BE(n, 12);
  return Buffer.concat([bytes, tail]);
}

function withoutId3(mp3) {
  if (mp3.toString('latin1', 0, 3) !== 'ID3') return mp3;
  const size = mp3.subarray(6, 10).reduce((sum, byte) => sum * 128 + byte, 0);
  return mp3.subarray(10 + size);
}

/** Another title of the same length, so that an album has two different songs. */
function titled(flac) {
  const at = flac.indexOf('Tuning_Fork');
  return Buffer.concat([flac.subarray(0, at), Buffer.from('First_Track'), flac.subarray(at + 11)]);
}
