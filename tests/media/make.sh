#!/usr/bin/env bash
# Makes one test file by name with the ffmpeg program: `make.sh NAME OUT`, or `make.sh --list`.
# Never: the network, a file other than OUT and scratch files beside it, or two recipes under one name.
#
# The picture is testsrc2 (moving, with a running clock) and the sound a sine, so that a wrong place or a lost
# frame can be seen and counted. Files are made with one thread and bit-exact flags: the same ffmpeg gives the
# same bytes.
set -euo pipefail
# shellcheck source=tests/media/exif.sh
. "$(dirname "$0")/exif.sh"

readonly RATE=25          # pictures a second where a recipe does not say otherwise
readonly SIZE=320x180

# ff ARGS...: ffmpeg, quiet, writing $part in the container that the name asks for.
ff() {
  ffmpeg -nostdin -hide_banner -loglevel error -y -fflags +bitexact "$@" -flags:v +bitexact -flags:a +bitexact \
    -fflags +bitexact "$part"
}

# video SECONDS [SIZE] [RATE] / sound SECONDS [HZ] [RATE]: input arguments, into the array `in`.
video() { in+=(-f lavfi -i "testsrc2=size=${2:-$SIZE}:rate=${3:-$RATE}:duration=$1"); }
sound() { in+=(-f lavfi -i "sine=frequency=${2:-440}:sample_rate=${3:-48000}:duration=$1"); }

# h264 [GOP]: encoder arguments with a keyframe each GOP pictures and nowhere else.
h264() {
  echo -c:v libx264 -preset ultrafast -tune zerolatency -threads 1 -pix_fmt yuv420p -g "${1:-50}" -keyint_min "${1:-50}" \
    -sc_threshold 0
}

# h264_b [GOP]: the same with B-pictures, as films have them.
h264_b() {
  echo -c:v libx264 -preset veryfast -threads 1 -pix_fmt yuv420p -g "${1:-50}" -keyint_min "${1:-50}" -sc_threshold 0 -bf 2 \
    -x264-params "open-gop=0"
}

x265() { echo -c:v libx265 -preset ultrafast -x265-params "log-level=none:pools=1:frame-threads=1:keyint=50:min-keyint=50:scenecut=0$1"; }

# srt FILE WORDS: six cues, one each two seconds from 1 s on, with tags and letters beyond ASCII.
srt() {
  local i
  for i in 0 1 2 3 4 5; do
    printf '%d\n00:00:%02d,000 --> 00:00:%02d,500\n<i>%s</i> %d: déjà vu, ça va? Łódź, 東京\n\n' \
      $((i + 1)) $((i * 2 + 1)) $((i * 2 + 2)) "$2" $((i + 1))
  done > "$1"
}

# ass FILE: the same idea in ASS, with styling overrides that a text reader must drop.
ass() {
  cat > "$1" <<'ASS'
[Script Info]
ScriptType: v4.00+
PlayResX: 320
PlayResY: 180

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, Bold, Italic, Alignment, MarginL, MarginR, MarginV
Style: Default,Sans,14,&H00FFFFFF,0,0,2,10,10,10

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
Dialogue: 0,0:00:01.00,0:00:02.50,Default,,0,0,0,,{\pos(160,90)}First line\Nsecond line
Dialogue: 0,0:00:03.00,0:00:04.50,Default,,0,0,0,,{\i1}Slanted{\i0}, with a comma
ASS
}

chapters() {
  printf ';FFMETADATA1\ntitle=Chaptered\n'
  local i
  for i in 0 1 2; do
    printf '[CHAPTER]\nTIMEBASE=1/1000\nSTART=%d\nEND=%d\ntitle=Part %d\n' $((i * 4000)) $((i * 4000 + 4000)) $((i + 1))
  done
}

# cover: a square JPEG beside OUT, for embedding.
cover() {
  ffmpeg -nostdin -hide_banner -loglevel error -y -f lavfi -i "testsrc2=size=300x300:rate=1:duration=1" -frames:v 1 \
    -flags:v +bitexact -fflags +bitexact -f mjpeg "$scratch/cover.jpg"
}

tags() {
  echo -metadata title="Tuning_Fork" -metadata artist="The_Sines" -metadata album_artist="The_Sines" \
    -metadata album="Pure_Tones" -metadata track=3/9 -metadata disc=1/2 -metadata date=2019 -metadata genre=Electronic
}

# jpeg SIZE [DATE ORIENTATION]: a photo, with EXIF when a date is given.
jpeg() {
  ffmpeg -nostdin -hide_banner -loglevel error -y -f lavfi -i "testsrc2=size=$1:rate=1:duration=1" -frames:v 1 \
    -pix_fmt yuvj420p -flags:v +bitexact -fflags +bitexact -f mjpeg "$scratch/plain.jpg"
  if [ $# -eq 1 ]; then cp "$scratch/plain.jpg" "$part"; return; fi
  with_exif "$scratch/plain.jpg" "$2" "$3" > "$part"
}

aac=(-c:a aac -b:a 96k)
in=()

# The encoder helpers print words that ffmpeg must see apart.
# shellcheck disable=SC2046
# Names say container last; what is special about the file comes first.
recipe() {
  case "$1" in
    # What browsers play as it is.
    h264_aac.mp4)       video 12; sound 12; ff "${in[@]}" $(h264_b) "${aac[@]}" -movflags +faststart ;;
    h264_aac.mkv)       video 12; sound 12; ff "${in[@]}" $(h264_b) "${aac[@]}" ;;
    h264_aac_moov_end.mp4) video 4; sound 4; ff "${in[@]}" $(h264) "${aac[@]}" ;;
    h264_aac_fragmented.mp4) video 4; sound 4; ff "${in[@]}" $(h264) "${aac[@]}" -movflags +frag_keyframe+empty_moov ;;
    h264_only.mp4)      video 6; ff "${in[@]}" $(h264) ;;
    h264_51.mp4)        video 6; sound 6; ff "${in[@]}" $(h264) "${aac[@]}" -ac 6 ;;
    vp9_opus.webm)      video 4; sound 4; ff "${in[@]}" -c:v libvpx-vp9 -threads 1 -deadline realtime -cpu-used 8 -b:v 200k -g 50 -c:a libopus -b:a 64k ;;
    av1_opus.mkv)       video 2; sound 2; ff "${in[@]}" -c:v libaom-av1 -threads 1 -cpu-used 8 -usage realtime -b:v 150k -g 25 -c:a libopus -b:a 64k ;;
    # What must be converted.
    hevc_aac.mkv)       video 8; sound 8; ff "${in[@]}" $(x265 "") -pix_fmt yuv420p "${aac[@]}" ;;
    hevc_ac3.mkv)       video 8; sound 8; ff "${in[@]}" $(x265 "") -pix_fmt yuv420p -c:a ac3 -b:a 128k ;;
    hevc10_aac.mp4)     video 4; sound 4; ff "${in[@]}" $(x265 "") -pix_fmt yuv420p10le -tag:v hvc1 "${aac[@]}" ;;
    hevc_hdr10_aac.mkv) video 4; sound 4; ff "${in[@]}" $(x265 ":colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc") -pix_fmt yuv420p10le \
                          -color_primaries bt2020 -color_trc smpte2084 -colorspace bt2020nc "${aac[@]}" ;;
    hevc_open_gop_aac.mkv) video 12; sound 12; ff "${in[@]}" $(x265 ":open-gop=1:bframes=3") -pix_fmt yuv420p "${aac[@]}" ;;
    hevc_subtitled.mkv) video 14; sound 14; srt "$scratch/s.srt" English
                        ff "${in[@]}" -i "$scratch/s.srt" -map 0:v -map 1:a -map 2:s $(x265 "") -pix_fmt yuv420p "${aac[@]}" -c:s srt -metadata:s:s:0 language=eng ;;
    mpeg2_ac3.mkv)      video 12; sound 12; ff "${in[@]}" -c:v mpeg2video -threads 1 -b:v 1500k -g 15 -bf 2 -c:a ac3 -b:a 128k ;;
    mpeg2_ac3.ts)       video 8; sound 8; ff "${in[@]}" -c:v mpeg2video -threads 1 -b:v 1500k -g 15 -bf 2 -c:a ac3 -b:a 128k -f mpegts ;;
    mpeg2_mp2.mpg)      video 4; sound 4; ff "${in[@]}" -c:v mpeg2video -threads 1 -b:v 1500k -g 15 -c:a mp2 -b:a 128k -f vob ;;
    mpeg4_mp3.avi)      video 4; sound 4; ff "${in[@]}" -c:v mpeg4 -threads 1 -b:v 500k -g 50 -c:a libmp3lame -b:a 96k ;;
    h264_dts.mkv)       video 4; sound 4; ff "${in[@]}" $(h264) -c:a dca -strict -2 -b:a 768k ;;
    h264_flac.mkv)      video 4; sound 4; ff "${in[@]}" $(h264) -c:a flac ;;
    h264_aac.ts)        video 8; sound 8; ff "${in[@]}" $(h264_b) "${aac[@]}" -f mpegts ;;
    h264_aac.mov)       video 4; sound 4; ff "${in[@]}" $(h264) "${aac[@]}" ;;
    h264_aac.flv)       video 4; sound 4; ff "${in[@]}" $(h264) -ar 44100 "${aac[@]}" ;;
    theora_vorbis.ogv)  video 4; sound 4; ff "${in[@]}" -c:v libtheora -threads 1 -b:v 400k -c:a libvorbis -f ogg ;;
    wmv2_wma.wmv)       video 4; sound 4; ff "${in[@]}" -c:v wmv2 -threads 1 -b:v 500k -c:a wmav2 -b:a 96k -f asf ;;
    h264_422_10.mkv)    video 4; ff "${in[@]}" -c:v libx264 -preset ultrafast -threads 1 -pix_fmt yuv422p10le -g 50 ;;
    # What makes grids, clocks and pictures hard.
    long_gop.mkv)       video 36; sound 36; ff "${in[@]}" $(h264 375) "${aac[@]}" ;;
    one_keyframe.mp4)   video 30; sound 30; ff "${in[@]}" $(h264 10000) "${aac[@]}" ;;
    gop_8s.mp4)         video 24; sound 24; ff "${in[@]}" $(h264_b 200) "${aac[@]}" ;;
    ntsc_film.mkv)      video 12 "$SIZE" 24000/1001; sound 12 440 44100; ff "${in[@]}" $(h264_b 48) "${aac[@]}" ;;
    ntsc_interlaced.ts) video 6 720x480 30000/1001; sound 6; ff "${in[@]}" -vf "setsar=8/9,tinterlace=interleave_top,fieldorder=tff" -c:v mpeg2video \
                          -threads 1 -flags:v +ildct+ilme -top 1 -b:v 2M -g 15 -c:a ac3 -b:a 128k -f mpegts ;;
    vfr.mkv)            video 8; sound 8; ff "${in[@]}" -vf "select='not(between(n,50,80)*mod(n,3))'" -vsync vfr $(h264_b) "${aac[@]}" ;;
    late_start.ts)      video 8; sound 8; ff "${in[@]}" $(h264_b) "${aac[@]}" -output_ts_offset 5400 -f mpegts ;;
    late_audio.mkv)     video 8; in+=(-itsoffset 1.5); sound 6; ff "${in[@]}" $(h264_b) "${aac[@]}" ;;
    rotated.mp4)        rotated ;;
    odd_size.mkv)       video 4 318x178; sound 4; ff "${in[@]}" -vf "format=yuv444p,crop=317:177:0:0:exact=1" -c:v libx264 -preset ultrafast -threads 1 -g 50 "${aac[@]}" ;;
    anamorphic.mkv)     video 4 352x288; sound 4; ff "${in[@]}" -vf setsar=16/11 $(h264) "${aac[@]}" ;;
    short.mp4)          video 1; sound 1; ff "${in[@]}" $(h264) "${aac[@]}" ;;
    one_picture.mp4)    video 0.04; ff "${in[@]}" $(h264) ;;
    hd_60s.mp4)         video 60 1280x720; sound 60; ff "${in[@]}" $(h264_b 100) "${aac[@]}" -movflags +faststart ;;
    hd_short.mp4)       hd_short -movflags +faststart ;;
    hd_short.mkv)       srt "$scratch/s.srt" Short; in+=(-i "$scratch/s.srt"); hd_short -map 0:s -map 1:v -map 2:a -c:s srt -metadata:s:s:0 language=eng ;;
    # Tracks.
    two_languages.mkv)  video 8; sound 8 440; sound 8 880
                        ff "${in[@]}" -map 0:v -map 1:a -map 2:a $(h264_b) "${aac[@]}" -metadata:s:a:0 language=eng -metadata:s:a:1 language=nld \
                          -metadata:s:a:1 title=Commentary -disposition:a:0 default -disposition:a:1 0 ;;
    subtitles.mkv)      subtitled -c:s srt ;;
    subtitles.mp4)      subtitled -c:s mov_text ;;
    subtitles_ass.mkv)  video 6; ass "$scratch/s.ass"; ff "${in[@]}" -i "$scratch/s.ass" $(h264) -c:s ass -metadata:s:s:0 language=eng ;;
    chapters.mkv)       video 12; sound 12; chapters > "$scratch/chapters"
                        ff "${in[@]}" -i "$scratch/chapters" -map_metadata 2 -map_chapters 2 $(h264_b) "${aac[@]}" ;;
    # Music.
    tone.mp3)           sound 5; cover; ff "${in[@]}" -i "$scratch/cover.jpg" -map 0:a -map 1:v -c:a libmp3lame -b:a 96k -c:v copy -disposition:v attached_pic $(tags) ;;
    tone.flac)          sound 5; cover; ff "${in[@]}" -i "$scratch/cover.jpg" -map 0:a -map 1:v -c:a flac -c:v copy -disposition:v attached_pic $(tags) ;;
    tone.m4a)           sound 5; cover; ff "${in[@]}" -i "$scratch/cover.jpg" -map 0:a -map 1:v "${aac[@]}" -c:v copy -disposition:v attached_pic $(tags) -f ipod ;;
    tone.ogg)           sound 5; ff "${in[@]}" -c:a libvorbis $(tags) ;;
    tone.opus)          sound 5; ff "${in[@]}" -c:a libopus -b:a 64k $(tags) ;;
    tone.wav)           sound 5; ff "${in[@]}" -c:a pcm_s16le ;;
    tone.wma)           sound 5; ff "${in[@]}" -c:a wmav2 -b:a 96k $(tags) -f asf ;;
    # Photos.
    photo.jpg)          jpeg 640x480 ;;
    photo_exif.jpg)     jpeg 640x480 "2021:07:04 12:34:56" 1 ;;
    photo_sideways.jpg) jpeg 640x480 "2020:02:29 08:00:00" 6 ;;
    photo.png)          video 0.04 640x480; ff "${in[@]}" -frames:v 1 -c:v png -f image2pipe ;;
    photo.webp)         video 0.04 640x480; ff "${in[@]}" -frames:v 1 -c:v libwebp -f webp ;;
    photo.gif)          video 0.04 320x240; ff "${in[@]}" -frames:v 1 -f gif ;;
    # As small as they come, for damage by the thousand.
    tiny_h264.mp4)      tiny $(h264 5) "${aac[@]}" ;;
    tiny_h264.mkv)      tiny $(h264 5) "${aac[@]}" ;;
    tiny_hevc.mkv)      tiny $(x265 "") -pix_fmt yuv420p -c:a ac3 ;;
    tiny_vp9.webm)      tiny -c:v libvpx-vp9 -threads 1 -deadline realtime -cpu-used 8 -b:v 50k -c:a libopus -b:a 32k ;;
    tiny_av1.mp4)       tiny -c:v libaom-av1 -threads 1 -cpu-used 8 -usage realtime -b:v 50k "${aac[@]}" ;;
    tiny_mpeg4.avi)     tiny -c:v mpeg4 -threads 1 -c:a libmp3lame -b:a 64k ;;
    tiny_mpeg2.mpg)     tiny -c:v mpeg2video -threads 1 -c:a mp2 -b:a 64k -f vob ;;
    tiny_mpeg2.ts)      tiny -c:v mpeg2video -threads 1 -c:a ac3 -b:a 96k -f mpegts ;;
    tiny_h264.mov)      tiny $(h264 5) "${aac[@]}" ;;
    tiny_h264.flv)      tiny $(h264 5) -ar 44100 "${aac[@]}" ;;
    tiny_wmv2.wmv)      tiny -c:v wmv2 -threads 1 -c:a wmav2 -b:a 64k -f asf ;;
    tiny_theora.ogv)    tiny -c:v libtheora -threads 1 -c:a libvorbis -f ogg ;;
    tiny_fragmented.mp4) tiny $(h264 5) "${aac[@]}" -movflags +frag_keyframe+empty_moov ;;
    tiny_subtitles.mkv) srt "$scratch/s.srt" Tiny; in+=(-i "$scratch/s.srt"); tiny -map 0:s -map 1:v -map 2:a $(h264 5) "${aac[@]}" -c:s srt ;;
    tiny_subtitles.mp4) srt "$scratch/s.srt" Tiny; in+=(-i "$scratch/s.srt"); tiny -map 0:s -map 1:v -map 2:a $(h264 5) "${aac[@]}" -c:s mov_text ;;
    tiny.mp3)           sound 0.5; ff "${in[@]}" -c:a libmp3lame -b:a 64k $(tags) ;;
    tiny.flac)          sound 0.2; ff "${in[@]}" -c:a flac $(tags) ;;
    tiny.m4a)           sound 0.5; ff "${in[@]}" "${aac[@]}" $(tags) -f ipod ;;
    tiny.ogg)           sound 0.5; ff "${in[@]}" -c:a libvorbis $(tags) ;;
    tiny.opus)          sound 0.5; ff "${in[@]}" -c:a libopus -b:a 32k $(tags) ;;
    tiny.wav)           sound 0.1; ff "${in[@]}" -c:a pcm_s16le $(tags) ;;
    tiny.wma)           sound 0.5; ff "${in[@]}" -c:a wmav2 -b:a 64k $(tags) -f asf ;;
    tiny_exif.jpg)      jpeg 96x64 "2021:07:04 12:34:56" 6 ;;
    tiny.png)           video 0.04 96x64; ff "${in[@]}" -frames:v 1 -c:v png -f image2pipe ;;
    tiny.webp)          video 0.04 96x64; ff "${in[@]}" -frames:v 1 -c:v libwebp -f webp ;;
    tiny.gif)           video 0.04 96x64; ff "${in[@]}" -frames:v 1 -f gif ;;
    # Side files.
    side.srt)           srt "$part" "Side" ;;
    side.ass)           ass "$part" ;;
    *) echo "make.sh: there is no recipe named '$1'; make.sh --list shows all" >&2; exit 2 ;;
  esac
}

# hd_short ARGS...: one second in the size of a film, in few bytes.
# shellcheck disable=SC2046
hd_short() {
  video 1 1280x720
  sound 1
  ff "${in[@]}" $(h264_b 25) -crf 40 "${aac[@]}" "$@"
}

# tiny ARGS...: ten small pictures and their sound.
tiny() {
  video 0.4 96x64
  sound 0.4
  ff "${in[@]}" "$@"
}

# shellcheck disable=SC2046
subtitled() {
  video 14; sound 14
  srt "$scratch/en.srt" English
  srt "$scratch/nl.srt" Nederlands
  ff "${in[@]}" -i "$scratch/en.srt" -i "$scratch/nl.srt" -map 0:v -map 1:a -map 2:s -map 3:s $(h264_b) "${aac[@]}" "$@" \
    -metadata:s:s:0 language=eng -metadata:s:s:1 language=nld -metadata:s:s:1 title="Voor_doven" \
    -disposition:s:0 default -disposition:s:1 hearing_impaired
}

# shellcheck disable=SC2046
# A phone's upright film: stored lying down, with a display matrix. Two steps, because the option belongs to an input.
rotated() {
  local out=$part
  video 4 320x240; sound 4
  part=$scratch/flat.mp4
  ff "${in[@]}" $(h264) "${aac[@]}"
  part=$out
  if ffmpeg -hide_banner -h full 2>/dev/null | grep -q '^-display_rotation'; then
    ff -display_rotation 90 -i "$scratch/flat.mp4" -c copy
  else
    ff -i "$scratch/flat.mp4" -c copy -metadata:s:v:0 rotate=270
  fi
}

list() { sed -n '/^recipe()/,/^}/s/^    \([a-z0-9_]*\.[a-z0-9]*\)).*/\1/p' "$0"; }

main() {
  if [ "${1-}" = --list ]; then list; return; fi
  if [ $# -ne 2 ]; then echo "usage: make.sh NAME OUT | --list" >&2; exit 2; fi
  local name=$1 out=$2
  scratch=$(mktemp -d "$(dirname "$out")/.make.XXXXXX")
  trap 'rm -rf "$scratch"' EXIT
  # The scratch file keeps the extension: ffmpeg chooses the container by it.
  part=$scratch/out.${name##*.}
  recipe "$name"
  mv "$part" "$out"
}

main "$@"
