//! What an accepted job sets in motion: fetch, verify, install, try, confirm or go back.

use fleetfold_schemas::mutant::{Mutant, is_on};
use fleetfold_schemas::{
    DeviceTopic, Topic,
    codec::encode_cbor,
    device::{ChunkData, ErrorClass, JobReport, JobState, PRECONDITION_UNMET, Stage, WaitingFor},
};

use super::{
    Activity, Agent, Finished, Link, Output, PROGRESS_MS_MIN, PROGRESS_PERCENT_MIN, Publish, Qos,
    Task, TaskId,
    fetch::{Fetch, Received},
    order,
};
use crate::flash::{Area, Digests, Mutation, OpenJob, SlotState, Source, Step, WhyBack};

impl Agent {
    /// Goes on where flash says the device was when it went down.
    pub(super) fn resume(&mut self, now: u64) {
        if let SlotState::Trial { .. } = self.record.slot(self.running) {
            self.stage = Stage::Trial;
            self.activity = Activity::SelfTesting {
                until_ms: now + self.config.timing.self_test_ms,
            };
            self.start(Task::SelfTest);
            return;
        }
        let Some(job) = &self.record.job else {
            return;
        };
        match job.step {
            Step::Fetch { .. } | Step::Install => self.proceed(now),
            Step::Back(why) => self.restored(why, now),
            // Confirmed just before power was lost.
            Step::Trial if self.running_image().digest == job.image.digest => {
                self.finish(JobState::Succeeded, now);
            }
            Step::Trial => self.restored(WhyBack::BootBudgetSpent, now),
        }
    }

    pub(super) fn accept(&mut self, job: Box<OpenJob>, now: u64) {
        let (target, manifest_sequence) = (job.image.digest, job.manifest_sequence);
        self.activity = Activity::Idle;
        self.is_question_shown = false;
        self.told = None;
        self.flash(Mutation::Accept(job));
        if self.running_image().digest == target {
            self.flash(Mutation::Installed(manifest_sequence));
            self.finish(JobState::Succeeded, now);
            return;
        }
        self.proceed(now);
    }

    /// A cancel is obeyed until installing begins. From then on the device finishes: half an installation helps nobody.
    pub(super) fn cancel(&mut self, sequence: u64, cancels: u64, now: u64) {
        let open = self.record.job.as_ref().map(|job| job.sequence);
        let is_over = self
            .record
            .outcome
            .as_ref()
            .is_some_and(|outcome| outcome.sequence == cancels);
        let too_late = matches!(self.activity, Activity::Installing);
        if open == Some(cancels) && !too_late {
            self.finish(JobState::Canceled, now);
        } else if open.is_none() && !is_over {
            // Never seen; and it never will be, with its sequence now below the last one obeyed.
            let report = JobReport {
                sequence: cancels,
                state: JobState::Canceled,
            };
            self.flash(Mutation::Finish(report.clone()));
            self.report_final(Some(report), now);
        } else {
            self.report();
        }
        self.flash(Mutation::Obeyed(sequence));
    }

    /// Does what the open job's step demands.
    fn proceed(&mut self, now: u64) {
        let Some(job) = &self.record.job else {
            return;
        };
        match job.step {
            Step::Fetch { .. } => {
                self.enter(Stage::Downloading, now);
                self.begin_fetching(now);
            }
            Step::Install => self.install(now),
            Step::Trial | Step::Back(_) => {}
        }
    }

    fn begin_fetching(&mut self, now: u64) {
        let not_before_ms = self.record.job.as_ref().and_then(|job| job.not_before_ms);
        match not_before_ms {
            Some(at_ms) if now < at_ms => self.wait_for(WaitingFor::Start, at_ms, now),
            Some(_) | None => {
                if !self.sense(|conditions| conditions.free_bytes_min.is_some()) {
                    self.fetch(now);
                }
            }
        }
    }

    pub(super) fn fetch(&mut self, now: u64) {
        let Some(job) = &self.record.job else {
            return;
        };
        match job.step {
            Step::Fetch { source, bytes } => {
                let artifact = job.artifact();
                if bytes == 0 {
                    self.flash(Mutation::Erase(self.area(source)));
                }
                let timing = self.config.timing;
                let fetch = Fetch::new(artifact, bytes, self.config.chunk_bytes, timing.chunk_ms);
                self.last_progress = (now, fetch.percent());
                self.told = None;
                self.activity = Activity::Fetching(fetch);
                self.report();
                self.request_chunks(now);
                self.check_fetched(now);
            }
            Step::Install | Step::Trial | Step::Back(_) => {}
        }
    }

    fn area(&self, source: Source) -> Area {
        match source {
            Source::Image => Area::Slot(self.record.standby()),
            Source::Delta => Area::Delta,
        }
    }

    fn source(&self) -> Option<Source> {
        match self.record.job.as_ref()?.step {
            Step::Fetch { source, .. } => Some(source),
            Step::Install | Step::Trial | Step::Back(_) => None,
        }
    }

    fn enter(&mut self, stage: Stage, now: u64) {
        self.stage = stage;
        self.stage_since_ms = now;
    }

    fn start(&mut self, task: Task) {
        self.tasks += 1;
        self.outputs
            .push_back(Output::Task(TaskId(self.tasks), task));
    }

    pub(super) fn stage_limit(&self) -> Option<u64> {
        let job = self.record.job.as_ref()?;
        Some(self.stage_since_ms.saturating_add(job.stage_limit_ms))
    }

    pub(super) fn request_chunks(&mut self, now: u64) {
        let Activity::Fetching(fetch) = &mut self.activity else {
            return;
        };
        if self.link != Link::Up {
            return;
        }
        let Some(requests) = fetch.requests(now) else {
            let message = "a piece did not come however often it was asked for";
            return self.fetch_failed(ErrorClass::Download, "chunk_timeout", message, now);
        };
        for request in requests {
            self.outputs.push_back(Output::Publish(Publish {
                topic: Topic::Device(self.config.device.clone(), DeviceTopic::ChunkGet),
                payload: encode_cbor(&request),
                qos: Qos::AtMostOnce,
                retain: false,
                seq: None,
            }));
        }
    }

    pub(super) fn chunk(&mut self, data: ChunkData, now: u64) {
        let Some(area) = self.source().map(|source| self.area(source)) else {
            return;
        };
        let Activity::Fetching(fetch) = &mut self.activity else {
            return;
        };
        match fetch.receive(data) {
            Received::Nothing => {}
            Received::Pieces(pieces) => {
                for (offset, bytes) in pieces {
                    self.flash(Mutation::Append {
                        area,
                        offset,
                        bytes,
                    });
                }
                self.report_progress(now);
                self.request_chunks(now);
                self.check_fetched(now);
            }
            Received::Refused(code) => {
                let message = "the engine does not serve this artifact";
                self.fetch_failed(ErrorClass::Download, &code, message, now);
            }
        }
    }

    fn report_progress(&mut self, now: u64) {
        let Activity::Fetching(fetch) = &self.activity else {
            return;
        };
        let percent = fetch.percent();
        let (then, reported) = self.last_progress;
        if percent < 100
            && percent >= reported + PROGRESS_PERCENT_MIN
            && now >= then + PROGRESS_MS_MIN
        {
            self.last_progress = (now, percent);
            self.report();
        }
    }

    fn check_fetched(&mut self, now: u64) {
        let Activity::Fetching(fetch) = &self.activity else {
            return;
        };
        if !fetch.is_complete() {
            return;
        }
        if let Some(source) = self.source() {
            self.activity = Activity::CheckingArtifact;
            self.enter(Stage::Verifying, now);
            self.report();
            self.start(Task::Digest(self.area(source)));
        }
    }

    /// A delta that cannot be had or used is no failure: the whole image is.
    fn fetch_failed(&mut self, class: ErrorClass, code: &str, message: &str, now: u64) {
        if self.source() == Some(Source::Delta) {
            self.flash(Mutation::DeltaFailed);
            self.proceed(now);
        } else {
            self.fail(class, code, message, now);
        }
    }

    /// A task is done.
    pub fn finished(&mut self, task: TaskId, finished: Finished, now: u64) {
        if task.0 != self.tasks {
            return;
        }
        match (&self.activity, finished) {
            (Activity::CheckingArtifact, Finished::Digested(digests)) => {
                if self.source() == Some(Source::Delta) {
                    self.delta_checked(digests, now);
                } else {
                    self.image_checked(digests, now);
                }
            }
            (Activity::Rebuilding, Finished::Rebuilt(Ok(()))) => {
                self.activity = Activity::CheckingRebuilt;
                self.start(Task::Digest(Area::Slot(self.record.standby())));
            }
            (Activity::Rebuilding, Finished::Rebuilt(Err(code))) => {
                let message = "the delta cannot be applied";
                self.fetch_failed(ErrorClass::Verification, code, message, now);
            }
            (Activity::CheckingRebuilt, Finished::Digested(digests)) => {
                self.image_checked(digests, now);
            }
            (Activity::Installing, Finished::Installed(Ok(()))) => self.reboot_into_trial(now),
            (Activity::Installing, Finished::Installed(Err(message))) => {
                self.fail(ErrorClass::Installation, "install_failed", &message, now);
            }
            (Activity::SelfTesting { .. }, Finished::SelfTested(Ok(()))) => self.confirm(now),
            (Activity::SelfTesting { .. }, Finished::SelfTested(Err(_))) => {
                self.go_back(WhyBack::SelfTestFailed, now);
            }
            // A result of something that is no longer going on.
            _ => {}
        }
    }

    fn delta_checked(&mut self, digests: Digests, now: u64) {
        let Some(delta) = self.record.job.as_ref().and_then(|job| job.delta.clone()) else {
            return;
        };
        if digests.blake3 != delta.digest {
            let message = "the delta is not the one that was offered";
            return self.fetch_failed(ErrorClass::Verification, "delta_digest", message, now);
        }
        let into = self.record.standby();
        let image_bytes = self.record.job.as_ref().map_or(0, |job| job.image_bytes);
        // Before the first byte changes, flash must stop saying that there is an image.
        self.flash(Mutation::Erase(Area::Slot(into)));
        self.activity = Activity::Rebuilding;
        self.start(Task::Rebuild {
            into,
            format: delta.format,
            image_bytes,
        });
    }

    /// The gate to a bootable slot: both digests and the length, of the bytes as they stand in the slot.
    fn image_checked(&mut self, digests: Digests, now: u64) {
        let Some(job) = &self.record.job else {
            return;
        };
        let is_right = digests.blake3 == job.image.digest
            && digests.sha256 == job.image_sha256
            && digests.bytes == job.image_bytes;
        if is_right || is_on(Mutant::ImageNotChecked) {
            self.flash(Mutation::SlotWritten);
            self.install(now);
        } else {
            let message = "the bytes are not the image that was signed";
            self.fetch_failed(ErrorClass::Verification, "image_digest", message, now);
        }
    }

    /// The user, then the window, then battery and plug: the last may change by the minute, and people sleep when windows
    /// open.
    pub(super) fn install(&mut self, now: u64) {
        self.enter(Stage::Installing, now);
        if !self.has_consent(now) {
            return;
        }
        let Some(job) = &self.record.job else {
            return;
        };
        let (window, has_conditions) = (job.window, job.conditions.is_some());
        match window {
            Some((from_ms, _)) if now < from_ms => {
                self.wait_for(WaitingFor::Window, from_ms, now);
            }
            Some((_, until_ms)) if until_ms <= now && has_conditions => {
                let message = "the installation window closed before all was right";
                self.give_up(PRECONDITION_UNMET, message, now);
            }
            // The job comes again with a later window once the engine hears how things stand.
            Some((_, until_ms)) if until_ms <= now => {
                self.wait_for(WaitingFor::Window, u64::MAX, now);
            }
            Some(_) | None => {
                let is_asked = self.sense(|conditions| {
                    conditions.external_power || conditions.battery_percent_min.is_some()
                });
                if !is_asked {
                    self.begin_installing();
                }
            }
        }
    }

    pub(super) fn begin_installing(&mut self) {
        self.told = None;
        self.activity = Activity::Installing;
        self.start(Task::Install);
        self.report();
    }

    /// There is another window for the open job.
    pub(super) fn renew(&mut self, from_ms: u64, until_ms: u64, now: u64) {
        self.flash(Mutation::Window(from_ms, until_ms));
        if matches!(self.activity, Activity::Waiting { .. }) {
            self.install(now);
        } else {
            self.report();
        }
    }

    fn reboot_into_trial(&mut self, now: u64) {
        self.flash(Mutation::Arm);
        self.enter(Stage::Rebooting, now);
        self.report();
        self.reboot();
    }

    fn reboot(&mut self) {
        self.activity = Activity::Over;
        self.outputs.push_back(Output::Reboot);
    }

    fn confirm(&mut self, now: u64) {
        self.activity = Activity::Idle;
        self.boot_ms = Some(now.saturating_sub(self.booted_ms));
        self.flash(Mutation::Confirm);
        if self.record.job.is_some() {
            self.finish(JobState::Succeeded, now);
        }
        if let Some(payload) = self.deferred.take() {
            self.job(&payload, now);
        }
    }

    fn go_back(&mut self, why: WhyBack, now: u64) {
        self.flash(Mutation::Revert(why));
        self.enter(Stage::Rebooting, now);
        self.report();
        self.reboot();
    }

    /// The old image runs again after a trial.
    fn restored(&mut self, why: WhyBack, now: u64) {
        let message = "the new image was booted and did not prove itself";
        let state = JobState::Failed {
            error: order::error(ErrorClass::SelfTest, why.code(), message),
            restored: true,
        };
        self.finish(state, now);
    }

    fn fail(&mut self, class: ErrorClass, code: &str, message: &str, now: u64) {
        let state = JobState::Failed {
            error: order::error(class, code, message),
            restored: false,
        };
        self.finish(state, now);
    }

    pub(super) fn finish(&mut self, state: JobState, now: u64) {
        let Some(job) = &self.record.job else {
            return;
        };
        let report = JobReport {
            sequence: job.sequence,
            state,
        };
        self.activity = Activity::Idle;
        self.told = None;
        self.flash(Mutation::Finish(report.clone()));
        self.report_final(Some(report), now);
    }

    pub(super) fn check_deadlines(&mut self, now: u64) {
        match self.activity {
            Activity::Fetching(_) if self.stage_limit().is_some_and(|limit| limit <= now) => {
                let message = "the download took longer than the job allows";
                self.fail(ErrorClass::Download, "stage_limit", message, now);
            }
            Activity::Waiting { until_ms, .. } if until_ms <= now => self.proceed(now),
            Activity::SelfTesting { until_ms } if until_ms <= now => {
                self.go_back(WhyBack::SelfTestTimedOut, now);
            }
            _ => {}
        }
    }
}
