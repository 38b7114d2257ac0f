//! Stories by chance: nobody would tell them, and everything that must always hold is checked in them too.

/// A story from a seed, in the language of all stories.
pub fn story(seed: u64) -> String {
    let mut chance = Chance(seed);
    let devices = 2 + chance.below(24);
    let mut lines = vec![
        format!("fleet {devices} sensor_v2 running 1.0.0"),
        "release 2.0.0".to_string(),
        "release 3.0.0".to_string(),
        "delta 3.0.0 from 2.0.0 useless".to_string(),
    ];
    for name in ["spring", "summer"] {
        lines.push(chance.campaign(name));
        lines.push(format!("start {name}"));
    }
    for _ in 0..60 {
        let line = chance.line(devices);
        lines.push(line);
    }
    lines.join("\n")
}

/// SplitMix64 (Steele, Lea and Flood 2014).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[usize::try_from(self.below(from.len() as u64)).expect("a short list")]
    }

    fn campaign(&mut self, name: &str) -> String {
        let version = self.pick(&["2.0.0", "3.0.0"]);
        let canary = self.pick(&["5%", "30%"]);
        let success = self.pick(&["100%", "60%", "0%", "90% timed"]);
        let last = self.pick(&["100%", "80%"]);
        let limit = self.pick(&["10%", "40%", "90%"]);
        let expected = self.pick(&["2%", "60%"]);
        let retries = self.below(3);
        let backoff = self.pick(&["0h", "1h", "5h"]);
        let calendar = self.pick(&[
            "",
            "",
            r#", "maintenance_windows": [{"start": "02:00", "duration_hours": 3}]"#,
            r#", "maintenance_windows": [{"start": "02:00", "duration_hours": 3}], "download": "in_window""#,
            r#", "maintenance_windows": [{"start": "08:00", "duration_hours": 9}, {"start": "12:30", "duration_hours": "40m"}], "time_zone": "America/New_York""#,
            r#", "freezes": [{"from": "2026-01-01T04:00:00Z", "to": "2026-01-01T09:00:00Z"}]"#,
            r#", "schedule": {"end": "2026-01-01T12:00:00Z"}, "rates": {"exposure_max": 6}"#,
            r#", "schedule": {"start": "2026-01-01T02:00:00Z", "end": "2026-01-01T12:00:00Z", "on_end": "pause"}"#,
            r#", "schedule": {"end": "2026-01-01T15:00:00Z", "on_end": "cancel"}"#,
        ]);
        format!(
            "campaign {name} of {version} phases canary {canary} 3h {success}, full {last} 5h 50%; \
             failure_threshold {limit}, expected_failure {expected}, sample_min 5, max_retries {retries}, \
             backoff {backoff}, contact 7h, execution 2h, deadline 2d \
             with {{\"failure_handling\": {{\"create_support_tickets\": true}}, \"monitoring\": \
             {{\"alert_on_timeout_hours\": 3, \"alert_on_stalled_hours\": 4, \"alert_on_offline_hours\": 5, \"update_interval_minutes\": 30}}{calendar}}}"
        )
    }

    fn line(&mut self, devices: u64) -> String {
        let campaign = self.pick(&["spring", "summer"]);
        match self.below(20) {
            0 => format!("pause {campaign}"),
            1 | 2 => format!("resume {campaign}"),
            3 if self.below(6) == 0 => format!("cancel {campaign}"),
            3 => "step".to_string(),
            4 => format!("maintain d{}", 1 + self.below(devices)),
            5 => format!("activate d{}", 1 + self.below(devices)),
            6 if self.below(3) == 0 => format!("retire d{}", 1 + self.below(devices)),
            6..=9 => format!("wait {}", self.pick(&["10m", "1h", "2h", "7h", "0h"])),
            _ => {
                let who: Vec<_> = (0..=self.below(5))
                    .map(|_| format!("d{}", 1 + self.below(devices)))
                    .collect();
                format!("{} {}", who.join(" "), self.deed())
            }
        }
    }

    fn deed(&mut self) -> &'static str {
        self.pick(&[
            "take",
            "accept",
            "accept",
            "are trial",
            "wait for battery",
            "wait for consent postponed 1",
            "wait for window for 1h",
            "are installing",
            "give up precondition_unmet",
            "succeed",
            "succeed",
            "succeed",
            "fail download",
            "fail self_test restored",
            "reject",
            "claim success",
            "cancel",
            "fall back",
            "greet",
            "report",
            "repeat",
            "contradict",
            "look back",
            "lose epoch",
        ])
    }
}
