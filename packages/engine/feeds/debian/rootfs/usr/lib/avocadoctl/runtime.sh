# Part of avocadoctl: the runtimes of the device. Whatever stops it, /var/lib/avocado/active names a runtime that is whole.
#
#   avocadoctl runtime list             the runtimes there are
#   avocadoctl runtime inspect [ID]     the manifest of one, or of the active one
#   avocadoctl runtime add --manifest F  adds a runtime whose images are there, and activates it
#   avocadoctl runtime activate ID      merges a runtime's extensions; it stays if their units come up, else the one before
#   avocadoctl runtime remove ID        removes one that is not active
#   avocadoctl runtime state            for a program: the device, what is active, what is there
#   avocadoctl runtime receive          for a program: a runtime on standard input (receive.sh)
#
# Ids may be cut short where they are still unique, as with upstream's avocadoctl.

# Seconds that units get to come up.
unit_limit=60

os_value() { # KEY
  value=
  while IFS= read -r line; do
    case $line in "$1="*) value=${line#*=} ;; esac
  done </usr/lib/os-release
}

active_id() {
  active=$(readlink "$base/active") || active=
  active=${active##*/}
}

find_runtime() { # ID
  found=
  for directory in "$base/runtimes/$1"*; do
    [ -f "$directory/manifest.json" ] || continue
    [ -z "$found" ] || die "$1 is the beginning of several ids"
    found=${directory##*/}
  done
  [ -n "$found" ] && [ -n "$1" ] || die "there is no runtime $1"
}

list_runtimes() {
  active_id
  for directory in "$base"/runtimes/*; do
    [ -f "$directory/manifest.json" ] || continue
    mark=
    [ "${directory##*/}" != "$active" ] || mark=' (active)'
    jq -r --arg mark "$mark" '"\(.id)  \(.runtime.name) \(.runtime.version)\($mark)"' "$directory/manifest.json"
  done
}

inspect_runtime() { # [ID]
  if [ -z "$1" ]; then found=active; else find_runtime "$1" && found=runtimes/$found; fi
  cat "$base/$found/manifest.json"
}

# Facts, one a line, for packages/engine/src/deploy/state.ts. The number is raised when a program must know more.
show_state() {
  echo 'avocadoctl 1'
  echo "arch $(uname -m)"
  os_value AVOCADO_TARGET
  echo "target $value"
  os_value AVOCADO_OS_BUILD_ID
  echo "os $value"
  # shellcheck disable=SC2046
  set -- $(stat -f -c '%a %S' "$base")
  echo "free $(($1 * $2))"
  sizes=' '
  for image in $(cd "$base/images" 2>/dev/null && stat -c %n:%s -- *.raw 2>/dev/null); do
    sizes="$sizes$image "
  done
  for directory in "$base"/runtimes/*; do
    [ ! -f "$directory/manifest.json" ] || echo "runtime ${directory##*/}"
  done
  wanted=
  listed=' '
  if [ -f "$base/active/manifest.json" ]; then
    jq -r '"active \(.id) \(.runtime.name)", (.extensions[] |
      "extension \(.name) \(.version) \(.image_id // "-") \(.size // "-") \(.enabled != false)")
    ' "$base/active/manifest.json" >"$run/state.$$" || die "cannot use $base/active/manifest.json"
    while read -r word name version id size enabled; do
      [ "$word" = extension ] || {
        echo "$word $name $version"
        continue
      }
      missing=' missing'
      case $sizes in *" $id.raw:$size "*) missing='' ;; esac
      echo "extension $name $version $id$missing"
      listed="$listed$id.raw "
      [ "$enabled" = false ] || wanted="$wanted$name$tab$version$tab$id$newline"
    done <"$run/state.$$"
    rm "$run/state.$$"
  fi
  if [ ! -e "$run/changing" ] && [ -f "$run/merged" ] && [ "$(images_of "$run/merged")" = "${wanted%"$newline"}" ]; then
    echo 'current yes'
  else
    echo 'current no'
  fi
  for image in $sizes; do
    image=${image%:*}
    case $listed in *" $image "*) ;; *) echo "image ${image%.raw}" ;; esac
  done
}

# In a unit of its own: what a login has started ends with it, and a switch that has begun has to come to an end.
activate() { # ID
  outcome=$run/outcome.$$
  rm -f "$outcome"
  # on_merge commands may leave something running.
  systemd-run --quiet --collect --wait --unit="avocado-deploy-$$" --description="Switch to the runtime $1" \
    --setenv=HOME=/root --property=KillMode=process "$0" runtime switch "$1" "$outcome"
  code=$?
  # Where the bus went away meanwhile, it is still at work.
  lock
  [ -f "$outcome" ] || die 'the switch was not started: see journalctl -b -t systemd-run -t avocadoctl'
  cat "$outcome"
  [ $code = 0 ] || grep -q '^outcome ' "$outcome" ||
    journalctl --no-pager --quiet --output=cat --lines=5 --unit="avocado-deploy-$$" --identifier=avocadoctl >&2
  rm "$outcome"
  [ $code = 0 ] || exit 1
}

# The extensions of a runtime in place of those that are merged: sets $changed to the names of those that are others, and
# $arrived to the NAME-VERSION of those that came.
merge_runtime() { # ID
  if [ -n "$1" ]; then read_manifest "$base/runtimes/$1/manifest.json"; else : >"$run/next"; fi
  [ -f "$run/merged" ] || : >"$run/merged"
  [ ! -e "$run/changing" ] || start_over
  wanted=$(images_of "$run/next")
  merged=$(images_of "$run/merged")
  changed=' '
  arrived=' '
  leaving=
  while IFS="$tab" read -r _ name version id _; do
    has_line "$wanted" "$name$tab$version$tab$id" && continue
    changed="$changed$name "
    leaving="$leaving $name-$version"
  done <"$run/merged"
  while IFS="$tab" read -r _ name version id _; do
    has_line "$merged" "$name$tab$version$tab$id" && continue
    case $changed in *" $name "*) ;; *) changed="$changed$name " ;; esac
    arrived="$arrived$name-$version "
  done <"$run/next"
  # shellcheck disable=SC2086
  note_running $leaving
  change
  after_merge
  restart_running
}

# In a switch, what stays of the extensions has its units left alone, and its accounts and files where /etc stayed, too.
# All else that it asks for when it is merged may have been lost with the overlay.
is_lasting() { # COMMAND
  case $1 in
    systemctl\ *start\ * | systemctl\ *stop\ * | systemctl\ *reload\ * | systemctl\ *kill\ *) ;;
    systemd-sysusers | systemd-tmpfiles\ --create) [ -z "$etc_changed" ] ;;
    *) return 1 ;;
  esac
}

# /etc and the units of an extension that goes or comes: where both have the same, a switch leaves the merged /etc and
# systemd's units alone.
parts_of() { # PRIORITY NAME-VERSION
  for part in etc usr/lib/systemd; do
    digest=-
    [ ! -d "$mounts/$2/$part" ] ||
      digest=$(tar --sort=name --exclude=extension-release.d -C "$mounts/$2" -c "$part" | sha256sum)
    echo "$1 $2 $part $digest"
  done
}

# Only what came up with its units becomes the active runtime: until then, a power cut leads back to the one before.
switch() { # ID OUTCOME
  lock
  : >"$2"
  active_id
  os_value AVOCADO_OS_BUILD_ID
  jq -e --arg os "$value" '(.rootfs.build_id // $os) == $os' "$base/runtimes/$1/manifest.json" >/dev/null ||
    die "the runtime $1 is for another OS image than this one, $value"
  begun=$(date +%s)
  units=
  merge_runtime "$1"
  if [ $status = 0 ]; then
    units=
    while read -r extension unit; do
      case $arrived in *" $extension "*) units="$units $unit" ;; esac
    done <"$run/wanted"
    # shellcheck disable=SC2086
    check_units $units
  else
    bad="not every extension could be merged$newline"
  fi
  [ -n "$bad" ] || set_active "$1" || bad="the runtime could not be made the active one$newline"
  if [ -z "$bad" ]; then
    {
      for name in $changed; do echo "changed $name"; done
      cat "$run/up"
      remove_all_but "$1" "$active"
      echo 'outcome done'
    } >>"$2"
    info "the runtime $1 is active"
    return
  fi
  printf %s "$bad" | while read -r unit why; do
    warn "$unit $why"
    echo "problem $unit $why"
    case $unit in
      *.*)
        journalctl --no-pager --quiet --output=cat --lines=15 --since="@$begun" --unit="$unit" |
          while IFS= read -r line; do echo "journal $unit: $line"; done
        ;;
      *)
        journalctl --no-pager --quiet --output=cat --lines=15 --since="@$begun" --identifier=avocadoctl |
          while IFS= read -r line; do echo "journal $line"; done
        ;;
    esac
  done >>"$2"
  roll_back "$2"
}

roll_back() { # OUTCOME
  warn "back to the runtime ${active:-that has no extension}"
  status=0
  # A unit that failed too often is not started again otherwise.
  # shellcheck disable=SC2086
  [ -z "$units" ] || systemctl reset-failed -- $units 2>/dev/null
  merge_runtime "$active"
  if [ $status = 0 ]; then echo 'outcome rolled-back' >>"$1"; else echo 'outcome failed' >>"$1"; fi
  status=1
}

set_active() { # ID
  # Everything that it needs is on the disk before it is.
  sync -f "$base" && rm -f "$base/.active-new" && ln -s "runtimes/$1" "$base/.active-new" &&
    mv -T "$base/.active-new" "$base/active" && sync "$base"
}

# Prints what images go with them.
remove_all_but() { # ID...
  kept=
  for id in "$@"; do
    [ -f "$base/runtimes/$id/manifest.json" ] && kept="$kept $base/runtimes/$id/manifest.json"
  done
  [ -n "$kept" ] || return 0
  # shellcheck disable=SC2086
  needed=$(jq -r '.extensions[] | .image_id // "\(.name)-\(.version)"' $kept) || return 0
  for directory in "$base"/runtimes/*; do
    case " $* " in *" ${directory##*/} "*) ;; *) rm -rf "$directory" ;; esac
  done
  for image in "$base"/images/*.raw; do
    [ -f "$image" ] || continue
    id=${image##*/}
    has_line "$needed" "${id%.raw}" && continue
    rm "$image"
    echo "removed ${id%.raw}"
  done
}

# Takes the file.
stage_manifest() { # ID FILE
  [ "$(jq -r .id "$2")" = "$1" ] || die "what was sent as the manifest of $1 is none"
  for image in $(jq -r '.extensions[] | .image_id // "\(.name)-\(.version)"' "$2"); do
    [ -f "$base/images/$image.raw" ] || die "the runtime $1 needs the image $image, which is not there"
  done
  [ ! -f "$base/runtimes/$1/manifest.json" ] || return 0
  rm -rf "$base/runtimes/.new" "${base:?}/runtimes/$1"
  mkdir -p "$base/runtimes/.new" && mv "$2" "$base/runtimes/.new/manifest.json" &&
    chmod 0644 "$base/runtimes/.new/manifest.json" && sync "$base/runtimes/.new/manifest.json" &&
    mv -T "$base/runtimes/.new" "$base/runtimes/$1" || die "cannot write the manifest of $1"
}

add_runtime() { # MANIFEST
  [ -f "$1" ] || die "there is no file $1"
  id=$(jq -r .id "$1")
  case $id in '' | *[!0-9A-Za-z-]*) die "$1 is no manifest of a runtime" ;; esac
  copy=$(mktemp) && cp "$1" "$copy" || die "cannot copy $1"
  stage_manifest "$id" "$copy"
  rm -f "$copy"
  activate "$id"
}

remove_runtime() { # ID
  find_runtime "$1"
  active_id
  [ "$found" != "$active" ] || die 'the active runtime cannot be removed: activate another one before'
  kept=
  for directory in "$base"/runtimes/*; do
    [ "${directory##*/}" = "$found" ] || kept="$kept ${directory##*/}"
  done
  # shellcheck disable=SC2086
  remove_all_but $kept
}

mkdir -p "$run"
case ${1:-}:$# in
  list:1) list_runtimes ;;
  inspect:[12]) inspect_runtime "${2:-}" ;;
  state:1) show_state ;;
  add:3)
    [ "$2" = --manifest ] || usage
    add_runtime "$3"
    ;;
  activate:2)
    find_runtime "$2"
    activate "$found"
    ;;
  remove:2)
    lock
    remove_runtime "$2"
    ;;
  receive:1) . "$lib/receive.sh" ;;
  switch:3) switch "$2" "$3" ;;
  *) usage ;;
esac
