# shellcheck shell=bash
# Photos as cameras write them: puts a date, an orientation and a camera into a JPEG.
# Never: anything but these three tags.

# exif DATE ORIENTATION: an APP1 segment with the two tags and a camera, big-endian TIFF.
# Layout: IFD0 at 8 with Make, Orientation, ExifIFD; the Exif IFD at 50 with DateTimeOriginal.
exif() {
  printf '\xff\xe1\x00\x68Exif\x00\x00MM\x00\x2a\x00\x00\x00\x08\x00\x03'
  printf '\x01\x0f\x00\x02\x00\x00\x00\x07\x00\x00\x00\x58'
  printf '\x01\x12\x00\x03\x00\x00\x00\x01\x00%b\x00\x00' "\\x0$2"
  printf '\x87\x69\x00\x04\x00\x00\x00\x01\x00\x00\x00\x32\x00\x00\x00\x00'
  printf '\x00\x01\x90\x03\x00\x02\x00\x00\x00\x14\x00\x00\x00\x44\x00\x00\x00\x00'
  printf '%s\x00ALCOVE\x00\x00' "$1"
}

# with_exif JPEG DATE ORIENTATION: the photo with the tags, on standard output.
with_exif() {
  printf '\xff\xd8'
  exif "$2" "$3"
  tail -c +3 "$1"
}
