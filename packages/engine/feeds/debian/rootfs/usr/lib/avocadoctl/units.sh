# Part of avocadoctl: the units that extensions bring.

# Units that a merged extension puts into a target's .wants or .requires, where the target is reached or on its way: sets
# $units; $run/wanted has a line for each, behind the extension's NAME-VERSION.
wanted_units() {
  : >"$run/wanted"
  units=
  : >"$run/links"
  targets=
  for link in "$mounts"/*/etc/systemd/system/*.wants/* "$mounts"/*/etc/systemd/system/*.requires/* \
    "$mounts"/*/usr/lib/systemd/system/*.wants/* "$mounts"/*/usr/lib/systemd/system/*.requires/*; do
    [ -L "$link" ] || [ -f "$link" ] || continue
    directory=${link%/*}
    target=${directory##*/}
    target=${target%.*}
    extension=${link#"$mounts/"}
    echo "$target ${link##*/} ${extension%%/*}" >>"$run/links"
    case " $targets " in *" $target "*) ;; *) targets="$targets $target" ;; esac
  done
  [ -n "$targets" ] || return 0
  # Blocks of Id, Job (only while there is one) and ActiveState, with an empty line between two.
  live=' '
  id='' job=0 state=''
  # shellcheck disable=SC2086
  systemctl show --property=Id,Job,ActiveState $targets >"$run/targets"
  echo >>"$run/targets"
  while IFS= read -r line; do
    case $line in
      Id=*) id=${line#*=} ;;
      Job=*) job=${line#*=} ;;
      ActiveState=*) state=${line#*=} ;;
      '')
        case $job:$state in
          *:active | *:activating | *:reloading | [1-9]*) live="$live$id " ;;
        esac
        id='' job=0 state=''
        ;;
    esac
  done <"$run/targets"
  while read -r target unit extension; do
    case $live in
      *" $target "*)
        units="$units $unit"
        echo "$extension $unit" >>"$run/wanted"
        ;;
    esac
  done <"$run/links"
}

# Whether a merged extension brings one of these directories below /usr/lib or /etc.
any_has() { # DIRECTORY...
  for name in "$@"; do
    # shellcheck disable=SC2086
    for directory in "$mounts"/*/usr/lib/$name "$mounts"/*/etc/$name; do
      [ ! -e "$directory" ] || return 0
    done
  done
  return 1
}

# Where the extensions are merged into a system that has booted: what units of the boot do with the settings they bring.
apply_settings() {
  ! any_has sysusers.d || systemd-sysusers || problem 'systemd-sysusers failed'
  ! any_has tmpfiles.d || systemd-tmpfiles --create || problem 'systemd-tmpfiles failed'
  ! any_has modules-load.d || systemctl restart systemd-modules-load || problem 'systemd-modules-load failed'
  ! any_has sysctl.d || systemctl restart systemd-sysctl || problem 'systemd-sysctl failed'
  # Devices that are there get the new rules in their time.
  ! any_has udev/rules.d || { udevadm control --reload && udevadm trigger 9>&- & }
}

# systemd reads a unit that it has not loaded when it is asked for it, where a directory of units has changed since it looked:
# those of images all have one time. To read all again takes an emulated machine seconds.
needs_reload() {
  ! any_has systemd/system-generators 'systemd/system/*.d' || return 0
  touch /run/systemd/system
  names=
  for file in "$mounts"/*/usr/lib/systemd/system/*.* "$mounts"/*/etc/systemd/system/*.*; do
    case $file in
      *@.*) ;;
      *) [ ! -f "$file" ] || names="$names ${file##*/}" ;;
    esac
  done
  [ -n "$names" ] || return 1
  # shellcheck disable=SC2086
  systemctl show --property=NeedDaemonReload -- $names >"$run/reload" && grep -q yes "$run/reload"
}

# systemd computed its transaction before they were there.
start_wanted() {
  wanted_units
  # shellcheck disable=SC2086
  [ -z "$units" ] || systemctl start --no-block $units || warn "could not start all of:$units"
}

# Service units that an extension brings, as arguments of systemctl: sets $services. Of a template, what runs of it.
services_of() { # NAME-VERSION
  services=
  for file in "$mounts/$1"/usr/lib/systemd/system/*.service "$mounts/$1"/etc/systemd/system/*.service; do
    [ -f "$file" ] || continue
    name=${file##*/}
    case $name in *@.service) name="${name%.service}*.service" ;; esac
    services="$services $name"
  done
}

# What runs of the services of extensions that are about to leave or to change: lines of unit and invocation.
note_running() { # NAME-VERSION...
  all=
  for extension in "$@"; do
    services_of "$extension"
    all="$all$services"
  done
  : >"$run/running"
  [ -z "$all" ] || invocations "$all" >"$run/running"
}

invocations() { # UNITS
  set -f
  # shellcheck disable=SC2086
  systemctl show --property=Id,InvocationID,ActiveState,LoadState -- $1 >"$run/states"
  set +f
  echo >>"$run/states"
  while IFS= read -r line; do
    case $line in
      Id=*) id=${line#*=} ;;
      InvocationID=*) invocation=${line#*=} ;;
      ActiveState=*) state=${line#*=} ;;
      LoadState=*) load=${line#*=} ;;
      '')
        case $state in active | activating | reloading) echo "$id $invocation $load" ;; esac
        ;;
    esac
  done <"$run/states"
}

# Services that still run from before the switch would run on the files of an extension that has left. What on_merge has
# restarted or on_unmerge has stopped is not touched.
restart_running() {
  [ -s "$run/running" ] || return 0
  all=
  before=' '
  while read -r id invocation _; do
    all="$all $id"
    before="$before$id:$invocation "
  done <"$run/running"
  invocations "$all" >"$run/still-running"
  restart=
  stop=
  while read -r id invocation load; do
    case $before in *" $id:$invocation "*) ;; *) continue ;; esac
    case $load in
      not-found) stop="$stop $id" ;;
      *) restart="$restart $id" ;;
    esac
  done <"$run/still-running"
  # shellcheck disable=SC2086
  [ -z "$stop" ] || systemctl stop --no-block -- $stop
  # shellcheck disable=SC2086
  [ -z "$restart" ] || systemctl try-restart --no-block -- $restart
}

# Hundredths of a second since boot.
now() {
  read -r uptime _ </proc/uptime
  now=${uptime%.*}${uptime#*.}
}

# Waits until units are up: active, and for a service that stays, one second from when its own program runs; what has
# ended without an error counts. Sets $bad to lines of unit and why, where one is not.
check_units() { # UNIT...
  bad=
  : >"$run/up"
  [ $# != 0 ] || return 0
  now
  deadline=$((now + unit_limit * 100))
  settling=' '
  while :; do
    systemctl show --property=Id,LoadState,ActiveState,SubState,Type,Result,MainPID,NRestarts,Job,ConditionResult \
      --property=InactiveExitTimestampMonotonic -- "$@" >"$run/states"
    echo >>"$run/states"
    now
    waiting=
    next_settling=' '
    : >"$run/up"
    clear_unit
    while IFS= read -r line; do
      case $line in
        Id=*) id=${line#*=} ;;
        LoadState=*) load=${line#*=} ;;
        ActiveState=*) state=${line#*=} ;;
        SubState=*) sub=${line#*=} ;;
        Type=*) type=${line#*=} ;;
        Result=*) result=${line#*=} ;;
        MainPID=*) pid=${line#*=} ;;
        NRestarts=*) restarts=${line#*=} ;;
        Job=*) job=${line#*=} ;;
        ConditionResult=*) condition=${line#*=} ;;
        InactiveExitTimestampMonotonic=*) left=${line#*=} ;;
        '')
          judge
          clear_unit
          ;;
      esac
    done <"$run/states"
    [ -z "$bad" ] || return 1
    [ -n "$waiting" ] || return 0
    if [ $now -ge $deadline ]; then
      for unit in $waiting; do bad="$bad$unit is not up after $unit_limit s$newline"; done
      return 1
    fi
    settling=$next_settling
    sleep 0.1
  done
}

clear_unit() {
  id='' load=loaded state='' sub='' type='' result=success pid=0 restarts=0 job=0 condition=yes left=0
}

judge() {
  case $load in
    loaded) ;;
    masked) return ;;
    *)
      bad="$bad$id is $load$newline"
      return
      ;;
  esac
  case $state:$sub in
    failed:*) bad="$bad$id failed ($result)$newline" ;;
    *:auto-restart*) bad="$bad$id does not stay up ($result)$newline" ;;
    active:*)
      if [ $job != 0 ] || ! settled; then
        waiting="$waiting $id"
      else
        echo "unit $id $state $sub" >>"$run/up"
      fi
      ;;
    inactive:*)
      if [ $job != 0 ]; then
        waiting="$waiting $id"
      # Never started, though its condition does not keep it.
      elif [ "$left" = 0 ] && [ "$condition" = yes ]; then
        bad="$bad$id was not started$newline"
      else
        echo "unit $id $state $sub" >>"$run/up"
      fi
      ;;
    *) waiting="$waiting $id" ;;
  esac
}

# A service that is just started is active before it has done anything, one of Type=simple even before its program runs.
settled() {
  [ "$pid" != 0 ] || return 0
  ! [ "/proc/$pid/exe" -ef /usr/lib/systemd/systemd-executor ] || return 1
  case $settling in
    *" $id:"*)
      rest=${settling#*" $id:"}
      rest=${rest%% *}
      since=${rest##*:}
      if [ "${rest%:*}" != "$pid:$restarts" ]; then
        [ "${rest#*:}" = "$restarts:$since" ] || bad="$bad$id does not stay up$newline"
        since=$now
      fi
      ;;
    *) since=$now ;;
  esac
  next_settling="$next_settling$id:$pid:$restarts:$since "
  [ $((now - since)) -ge 100 ]
}
