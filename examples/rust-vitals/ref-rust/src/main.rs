//! Reports the system's vitals: one line of JSON every few seconds, read from `/proc`, with nothing but the standard
//! library. systemd puts standard output into the journal.

use std::fs;
use std::io::{self, Write};
use std::thread;
use std::time::Duration;

const INTERVAL: Duration = Duration::from_secs(5);

#[derive(Debug, PartialEq)]
struct Vitals {
    hostname: String,
    /// Whole seconds since boot.
    uptime: u64,
    mem_total_kb: u64,
    mem_free_kb: u64,
    /// As the kernel writes it, such as `0.12`.
    load_1m: String,
}

impl Vitals {
    fn read() -> io::Result<Self> {
        let meminfo = fs::read_to_string("/proc/meminfo")?;
        Ok(Self {
            hostname: fs::read_to_string("/proc/sys/kernel/hostname")?
                .trim()
                .to_owned(),
            uptime: parse_uptime(&fs::read_to_string("/proc/uptime")?).unwrap_or(0),
            mem_total_kb: parse_meminfo(&meminfo, "MemTotal").unwrap_or(0),
            mem_free_kb: parse_meminfo(&meminfo, "MemFree").unwrap_or(0),
            load_1m: first_word(&fs::read_to_string("/proc/loadavg")?).to_owned(),
        })
    }

    fn to_json(&self) -> String {
        format!(
            r#"{{"hostname":{},"uptime":{},"mem_total_kb":{},"mem_free_kb":{},"load_1m":{}}}"#,
            json_string(&self.hostname),
            self.uptime,
            self.mem_total_kb,
            self.mem_free_kb,
            json_string(&self.load_1m),
        )
    }
}

fn first_word(text: &str) -> &str {
    text.split_whitespace().next().unwrap_or("")
}

/// `/proc/uptime` holds two numbers with fractions; the first is the time since boot.
fn parse_uptime(text: &str) -> Option<u64> {
    first_word(text).split('.').next()?.parse().ok()
}

/// A line of `/proc/meminfo` reads `MemTotal:         977972 kB`.
fn parse_meminfo(text: &str, key: &str) -> Option<u64> {
    text.lines()
        .find_map(|line| line.strip_prefix(key)?.strip_prefix(':'))
        .and_then(|value| first_word(value).parse().ok())
}

/// A JSON string literal (RFC 8259, section 7).
fn json_string(text: &str) -> String {
    let mut literal = String::with_capacity(text.len() + 2);
    literal.push('"');
    for character in text.chars() {
        match character {
            '"' => literal.push_str("\\\""),
            '\\' => literal.push_str("\\\\"),
            control if control < ' ' => literal.push_str(&format!("\\u{:04x}", control as u32)),
            other => literal.push(other),
        }
    }
    literal.push('"');
    literal
}

fn main() -> io::Result<()> {
    loop {
        let line = Vitals::read()?.to_json();
        // A closed pipe ends the service instead of panicking.
        writeln!(io::stdout(), "{line}")?;
        thread::sleep(INTERVAL);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uptime_is_whole_seconds() {
        assert_eq!(parse_uptime("42.97 80.12\n"), Some(42));
        assert_eq!(parse_uptime(""), None);
    }

    #[test]
    fn meminfo_takes_the_whole_key() {
        let text = "MemTotal:         977972 kB\nMemFreeze:  1 kB\nMemFree:          821488 kB\n";
        assert_eq!(parse_meminfo(text, "MemTotal"), Some(977_972));
        assert_eq!(parse_meminfo(text, "MemFree"), Some(821_488));
        assert_eq!(parse_meminfo(text, "SwapFree"), None);
    }

    #[test]
    fn strings_are_escaped() {
        assert_eq!(json_string("a\"b\\c\n"), r#""a\"b\\c\u000a""#);
    }

    #[test]
    fn vitals_are_one_line_of_json() {
        let vitals = Vitals {
            hostname: "avocado-qemux86-64".into(),
            uptime: 42,
            mem_total_kb: 977_972,
            mem_free_kb: 821_488,
            load_1m: "0.12".into(),
        };
        assert_eq!(
            vitals.to_json(),
            r#"{"hostname":"avocado-qemux86-64","uptime":42,"mem_total_kb":977972,"mem_free_kb":821488,"load_1m":"0.12"}"#
        );
    }
}
