# Part of avocadoctl: takes a runtime from standard input, as packages/engine/src/deploy/stream.ts writes it. An image gets its
# name when it is whole and on the disk, so that what was cut off can be taken up again; only the last line changes anything.

staging=$base/staging/$$

# What it expects is not so: the sender looks again.
stale() {
  echo "$1" >&2
  exit 75
}

# Of a sender that is gone, the connection may stay for hours: the last one counts.
take_over() {
  if [ -f "$run/receiver" ] && read -r other <"$run/receiver"; then
    case $({ tr '\0' ' ' <"/proc/$other/cmdline"; } 2>/dev/null) in
      *avocadoctl\ runtime\ receive*) kill "$other" ;;
    esac
  fi
  echo $$ >"$run/receiver"
  trap 'die "another deploy has taken over"' TERM
  trap 'exit 1' HUP
  trap 'rm -rf "$staging"; rmdir "$base/staging" 2>/dev/null' EXIT
  rm -rf "$base/staging"
  mkdir -p "$staging" "$base/images" "$base/runtimes"
}

broken() {
  [ -d "$staging" ] || die 'another deploy has taken over'
  die "$1: the connection broke, or no space is left"
}

whole_image() { # ID SHA256 SIZE
  head -c "$3" >"$staging/$1" || broken "image $1"
  finish_image "$1" "$2" "$3"
}

patched_image() { # ID SHA256 SIZE FROM RUNS
  [ -f "$base/images/$4.raw" ] || stale "the image $4 is not there any more"
  cp --reflink=auto "$base/images/$4.raw" "$staging/$1" && truncate -s "$3" "$staging/$1" || broken "image $1"
  left=$5
  while [ "$left" -gt 0 ]; do
    read -r block bytes || broken "image $1"
    dd status=none bs=64K iflag=fullblock,count_bytes oflag=seek_bytes conv=notrunc \
      count="$bytes" seek=$((block * 4096)) of="$staging/$1" || broken "image $1"
    left=$((left - 1))
  done
  finish_image "$1" "$2" "$3"
}

finish_image() { # ID SHA256 SIZE
  [ "$(stat -c %s "$staging/$1")" = "$3" ] || broken "image $1"
  echo "$2  $staging/$1" | sha256sum --check --status || die "image $1 does not have the sha256 that was announced"
  chmod 0644 "$staging/$1"
  sync "$staging/$1" || broken "image $1"
  mv "$staging/$1" "$base/images/$1.raw"
}

receive() {
  take_over
  # Not while another one is being switched to.
  lock
  exec 9>&-
  while read -r word id first second third fourth; do
    case $id in '' | *[!0-9a-f-]*) die "not understood: $word $id" ;; esac
    case $word in
      expect)
        active_id
        [ "${active:--}" = "$id" ] || stale "the active runtime is ${active:-none}, not $id"
        ;;
      image) whole_image "$id" "$first" "$second" ;;
      patch) patched_image "$id" "$first" "$second" "$third" "$fourth" ;;
      manifest)
        head -c "$first" | gzip -dc >"$staging/manifest.json" || broken 'the manifest'
        stage_manifest "$id" "$staging/manifest.json"
        ;;
      activate)
        [ -f "$base/runtimes/$id/manifest.json" ] || stale "the runtime $id is not there any more"
        rm -rf "$base/staging"
        activate "$id"
        return
        ;;
      *) die "not understood: $word" ;;
    esac
  done
  die 'the connection broke before all was there'
}

receive
