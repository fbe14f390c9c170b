# shellcheck shell=bash
# The demo library: something to watch when no --media was given.
# Never: a change in a folder that the person named.

# demo_ready FOLDER: makes it unless it is there as the generator would make it now.
demo_ready() {
  local folder=$1 hash
  hash=$(hash_of tests/media/demo.sh tests/media/exif.sh)
  if [ "$(cat "$folder.stamp" 2> /dev/null)" = "$hash" ] && [ -d "$folder" ]; then return 0; fi
  packages "for making the demo library" ffmpeg fonts-dejavu-core
  rm -rf "$folder" "$folder.part"
  mkdir -p "$(dirname "$folder")"
  step "making a demo library in $folder (films, a series, music, photos)" tests/media/demo.sh "$folder.part"
  mv "$folder.part" "$folder"
  echo "$hash" > "$folder.stamp"
}
