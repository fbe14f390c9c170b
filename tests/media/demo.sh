#!/usr/bin/env bash
# Makes the demo library: `demo.sh FOLDER` writes films, a series, music and photos drawn and played by ffmpeg's
# own sources (fractals, automata, chords), so that there is something to watch on a fresh machine.
# Never: the network, anyone's work, or a file outside FOLDER.
set -euo pipefail
# shellcheck source=tests/media/exif.sh
. "$(dirname "$0")/exif.sh"

readonly RATE=24
readonly FILM_S=60
readonly EPISODE_S=30

ff() { ffmpeg -nostdin -hide_banner -loglevel error -y "$@"; }

# Moving pictures: graphs for lavfi, 854x480, endless.
picture() {
  case $1 in
    coast)   echo "mandelbrot=size=640x360:rate=$RATE:end_scale=0.0004:end_pts=1800:maxiter=300,hue=h=200:s=0.6,scale=854:480:flags=bicubic" ;;
    life)    echo "life=size=214x120:rate=$RATE:seed=7:mold=14:ratio=0.14:stitch=1:life_color=0xF2C14E:death_color=0x1D3557:mold_color=0x457B9D,scale=856:480:flags=neighbor,crop=854:480" ;;
    colours) echo "gradients=size=854x480:rate=$RATE:seed=11:nb_colors=5:speed=0.01:c0=0x0B3954:c1=0x087E8B:c2=0xBFD7EA:c3=0xFF5A5F:c4=0xC81D25" ;;
    rule)    echo "cellauto=size=428x240:rate=$RATE:rule=110:scroll=1:random_seed=5:random_fill_ratio=0.3,negate,scale=856:480:flags=neighbor,crop=854:480,format=yuv444p,colorchannelmixer=rr=0.9:gg=0.75:bb=0.5" ;;
    carpet)  echo "sierpinski=size=854x480:rate=$RATE:seed=3:jump=40,format=gbrp,colorchannelmixer=rr=0.35:gg=0.65:bb=0.75" ;;
    card)    echo "testsrc2=size=854x480:rate=$RATE" ;;
    *) echo "demo.sh: no picture named $1" >&2; return 1 ;;
  esac
}

# chord HZ: three soft voices and a slow pulse, for lavfi.
chord() {
  local f=$1
  echo "aevalsrc='0.10*(sin(2*PI*$f*t)+0.7*sin(2*PI*$f*1.25*t)+0.5*sin(2*PI*$f*1.5*t))*(0.6+0.4*sin(2*PI*0.25*t))|0.10*(sin(2*PI*$f*t)+0.7*sin(2*PI*$f*1.2599*t)+0.5*sin(2*PI*$f*1.4983*t))*(0.6+0.4*cos(2*PI*0.2*t))':sample_rate=48000"
}

# cues SECONDS FORMAT: subtitles every four seconds; FORMAT has one %s for the time.
cues() {
  local s
  for ((s = 1; s + 3 <= $1; s += 4)); do
    # shellcheck disable=SC2059
    printf '%d\n00:%02d:%02d,000 --> 00:%02d:%02d,500\n'"$2"'\n\n' $(((s + 3) / 4)) \
      $((s / 60)) $((s % 60)) $(((s + 2) / 60)) $(((s + 2) % 60)) "$((s / 60)):$(printf %02d $((s % 60)))"
  done
}

h264=(-c:v libx264 -preset superfast -crf 25 -pix_fmt yuv420p -g 96 -bf 2)
hevc=(-c:v libx265 -preset ultrafast -crf 27 -pix_fmt yuv420p -x265-params log-level=none:keyint=96)
aac=(-c:a aac -b:a 128k)

# film PICTURE HZ SECONDS OUT ARGS...: one file.
film() {
  local picture=$1 hz=$2 seconds=$3 out=$4
  shift 4
  mkdir -p "$(dirname "$out")"
  ff -f lavfi -i "$(picture "$picture")" -f lavfi -i "$(chord "$hz")" "$@" -t "$seconds" "$out"
}

# poster FILM TITLE OUT: a frame of the film, upright, with the title on it where ffmpeg finds a font.
poster() {
  local frame="crop=ih*2/3:ih,scale=600:900:flags=bicubic"
  local words="drawbox=y=ih*0.72:h=ih*0.28:color=black@0.62:t=fill,drawtext=font=Sans:text='$2':fontcolor=white:fontsize=54:x=(w-tw)/2:y=h*0.8"
  ff -ss 20 -i "$1" -frames:v 1 -vf "$frame,$words" -update 1 "$3" 2> /dev/null \
    || ff -ss 20 -i "$1" -frames:v 1 -vf "$frame" -update 1 "$3"
}

coast() {
  local at="$1/Films/The Coast of Mandelbrot (2021)"
  film coast 110 $FILM_S "$at/The Coast of Mandelbrot (2021).mp4" "${h264[@]}" "${aac[@]}" -movflags +faststart
  cues $FILM_S 'The coast gets no shorter, however close we come (%s).' > "$at/The Coast of Mandelbrot (2021).en.srt"
  cues $FILM_S 'De kust wordt niet korter, hoe dicht we ook komen (%s).' > "$at/The Coast of Mandelbrot (2021).nl.srt"
  poster "$at/The Coast of Mandelbrot (2021).mp4" "The Coast" "$at/poster.jpg"
}

life() {
  local at="$1/Films/Birth and Survival (2019)"
  mkdir -p "$at"
  cues $FILM_S 'Two or three neighbours: stay (%s).' > "$at/en.part"
  cues $FILM_S 'Zwei oder drei Nachbarn: bleib (%s).' > "$at/de.part"
  printf ';FFMETADATA1\ntitle=Birth and Survival\n[CHAPTER]\nTIMEBASE=1/1\nSTART=0\nEND=20\ntitle=Seeds\n[CHAPTER]\nTIMEBASE=1/1\nSTART=20\nEND=40\ntitle=Gliders\n[CHAPTER]\nTIMEBASE=1/1\nSTART=40\nEND=60\ntitle=Still lifes\n' > "$at/chapters.part"
  film life 130.81 $FILM_S "$at/Birth and Survival (2019).mkv" -f srt -i "$at/en.part" -f srt -i "$at/de.part" -f ffmetadata -i "$at/chapters.part" \
    -map 0:v -map 1:a -map 2 -map 3 -map_metadata 4 -map_chapters 4 "${hevc[@]}" "${aac[@]}" -c:s srt \
    -metadata:s:s:0 language=eng -metadata:s:s:1 language=ger
  rm "$at/en.part" "$at/de.part" "$at/chapters.part"
  poster "$at/Birth and Survival (2019).mkv" "Birth and Survival" "$at/poster.jpg"
}

card() {
  local at="$1/Films/Night of the Test Card (1998)"
  film card 146.83 $FILM_S "$at/Night of the Test Card (1998).mkv" -vf scale=720:576,setsar=64/45 -r 25 \
    -c:v mpeg2video -b:v 3M -g 15 -bf 2 -c:a ac3 -b:a 192k
  cues $FILM_S 'Nobody is watching (%s).' > "$at/Night of the Test Card (1998).en.srt"
}

colours() {
  local at="$1/Films/Slow Colours (2023)"
  film colours 98 $FILM_S "$at/Slow.Colours.2023.480p.mkv" "${h264[@]}" "${aac[@]}"
  poster "$at/Slow.Colours.2023.480p.mkv" "Slow Colours" "$at/poster.jpg"
  cat > "$at/movie.nfo" <<'NFO'
<movie>
  <title>Slow Colours</title>
  <year>2023</year>
  <plot>A minute of colours that are in no hurry.</plot>
  <genre>Abstract</genre>
</movie>
NFO
}

carpet() {
  film carpet 164.81 $FILM_S "$1/Films/Carpet.2022.480p.WEB.mp4" "${h264[@]}" "${aac[@]}" -movflags +faststart
}

series() {
  local at="$1/Series/Small Machines/Season 01" n=0 name
  local names=("Rule 110" "The Glider" "The Gardener")
  local pictures=(rule life carpet)
  for name in "${names[@]}"; do
    film "${pictures[n]}" $((120 + n * 15)) $EPISODE_S "$at/Small Machines - S01E0$((n + 1)) - $name.mkv" "${h264[@]}" "${aac[@]}"
    n=$((n + 1))
  done
  poster "$at/Small Machines - S01E01 - Rule 110.mkv" "Small Machines" "$1/Series/Small Machines/poster.jpg"
}

# track OUT TITLE NUMBER HZ ENCODER...: one song with tags and cover.
track() {
  local out=$1 title=$2 number=$3 hz=$4
  shift 4
  ff -f lavfi -i "$(chord "$hz")" -i "$(dirname "$out")/cover.jpg" -map 0:a -map 1:v -t 20 "$@" -c:v copy -disposition:v attached_pic \
    -metadata title="$title" -metadata artist="The Sines" -metadata album_artist="The Sines" -metadata album="Pure Tones" \
    -metadata track="$number/4" -metadata date=2020 -metadata genre=Ambient "$out"
}

music() {
  local at="$1/Music/The Sines/Pure Tones"
  mkdir -p "$at"
  ff -f lavfi -i "gradients=size=600x600:seed=4:nb_colors=3:c0=0x264653:c1=0xE9C46A:c2=0xE76F51" -frames:v 1 -update 1 "$at/cover.jpg"
  track "$at/01 Low Tide.flac" "Low Tide" 1 110 -c:a flac
  track "$at/02 Major Third.mp3" "Major Third" 2 138.59 -c:a libmp3lame -b:a 128k
  track "$at/03 Fifths.m4a" "Fifths" 3 164.81 "${aac[@]}" -f ipod
  track "$at/04 High Tide.flac" "High Tide" 4 220 -c:a flac
}

# photo OUT DATE ORIENTATION GRAPH: a picture with a date in its EXIF.
photo() {
  ff -f lavfi -i "$4" -frames:v 1 -pix_fmt yuvj420p -q:v 3 -f mjpeg "$1.part"
  with_exif "$1.part" "$2" "$3" > "$1"
  rm "$1.part"
}

photos() {
  local at="$1/Photos/2022 Seahorse Valley" n
  local x=(-0.7436 -0.7453 -0.1011 -1.2500 -0.7480 -0.1607)
  local y=(0.1318 0.1127 0.9563 0.0200 0.1000 1.0376)
  local zoom=(0.004 0.01 0.02 0.03 0.0014 0.03)
  mkdir -p "$at"
  for n in 0 1 2 3 4 5; do
    photo "$at/IMG_010$n.jpg" "2022:0$((n / 2 + 6)):1$n 1$n:05:00" 1 \
      "mandelbrot=size=1200x800:start_x=${x[n]}:start_y=${y[n]}:start_scale=${zoom[n]}:maxiter=600,hue=h=$((n * 50)):s=0.8"
  done
  # Taken with the camera held upright.
  photo "$at/IMG_0106.jpg" "2022:08:20 18:30:00" 6 "gradients=size=1200x800:seed=9:nb_colors=3"
}

main() {
  [ $# -eq 1 ] || { echo "usage: demo.sh FOLDER" >&2; exit 2; }
  local out=$1 part jobs=0 cores
  cores=$(nproc)
  mkdir -p "$out"
  for part in coast card life colours carpet series music photos; do
    [ $jobs -lt "$cores" ] || { wait -n; jobs=$((jobs - 1)); }
    "$part" "$out" &
    jobs=$((jobs + 1))
  done
  while [ $jobs -gt 0 ]; do
    wait -n
    jobs=$((jobs - 1))
  done
}

main "$@"
