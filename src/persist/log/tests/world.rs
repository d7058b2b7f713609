//! A service in small: a model file and a log beside it, and somebody who remembers what was
//! acknowledged.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use super::{LOG, append, create, open, payload, read};
use crate::persist::atomic;
use crate::persist::disk::Step as DiskStep;
use crate::persist::disk::memory::{Memory, MemoryFile};
use crate::persist::log::journal::Journal;
use crate::persist::log::{LogError, LogFault};

const MODEL: &str = "model";

/// What the service does.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    /// Appends a batch of so many bytes.
    Append(usize),
    /// Saves a model that knows all batches but the last so many, and begins the log after it.
    Checkpoint(u64),
    /// Forgets somebody: the batch goes into a saved model and never into the log.
    Forget,
}

pub(super) const STEPS: [Step; 13] = [
    Step::Append(100),
    Step::Append(0),
    Step::Append(33),
    Step::Checkpoint(0),
    Step::Append(20),
    Step::Append(70),
    Step::Append(1),
    Step::Checkpoint(2),
    Step::Forget,
    Step::Append(50),
    Step::Forget,
    Step::Append(9),
    Step::Append(64),
];

pub(super) struct World {
    pub disk: Memory,
    journal: Option<Journal<Memory>>,
    /// The sequence number of the saved model.
    model: Option<u64>,
    /// One that may have been saved.
    model_in_doubt: Option<u64>,
    /// Every batch that was acknowledged.
    acknowledged: BTreeMap<u64, Vec<u8>>,
    in_doubt: Option<(u64, Vec<u8>)>,
    payloads: usize,
}

impl World {
    pub(super) fn new() -> Self {
        let (disk, acknowledged) = (Memory::default(), BTreeMap::new());
        let (model, model_in_doubt, in_doubt) = (None, None, None);
        Self { disk, journal: None, model, model_in_doubt, acknowledged, in_doubt, payloads: 0 }
    }

    pub(super) fn acknowledged(&self) -> usize {
        self.acknowledged.len()
    }

    pub(super) fn stop(&mut self) {
        self.journal = None;
    }

    pub(super) fn runs(&self) -> bool {
        self.journal.is_some()
    }

    /// Loads the model, opens the log, and holds what is there against what was acknowledged.
    pub(super) fn start(&mut self) -> Result<(), LogError> {
        let sequence = match self.disk.content(MODEL) {
            Some(bytes) => u64::from_le_bytes(bytes.try_into().expect("a model is saved whole")),
            None => {
                assert_eq!(self.model, None, "the model is gone");
                self.save(0)?;
                0
            }
        };
        assert!([self.model, self.model_in_doubt].contains(&Some(sequence)), "model {sequence}");
        (self.model, self.model_in_doubt) = (Some(sequence), None);
        let mut journal = match self.disk.content(LOG) {
            Some(_) => open(&self.disk, sequence)?.0,
            None => {
                assert!(self.acknowledged.is_empty(), "the log is gone");
                create(&self.disk, sequence)?
            }
        };
        self.check(sequence, read(&mut journal)?);
        assert!(journal.end().sequence >= sequence, "numbers of the model would be given again");
        self.journal = Some(journal);
        Ok(())
    }

    /// Every acknowledged batch that the model does not know is there, and nothing else but the one in
    /// doubt.
    fn check(&mut self, model: u64, found: Vec<(u64, Vec<u8>)>) {
        let mut found: BTreeMap<_, _> = found.into_iter().filter(|(number, _)| *number > model).collect();
        if let Some((number, payload)) = self.in_doubt.take()
            && let Some(there) = found.get(&number)
        {
            assert_eq!(there, &payload, "half a batch");
            self.acknowledged.insert(number, payload);
        }
        for (number, payload) in self.acknowledged.range(model + 1..) {
            assert_eq!(found.remove(number).as_ref(), Some(payload), "batch {number} was acknowledged");
        }
        assert!(found.is_empty(), "never acknowledged: {found:?}");
    }

    pub(super) fn take(&mut self, step: Step) -> Result<(), LogError> {
        let journal = self.journal.as_mut().expect("the service runs");
        let last = journal.end().sequence;
        match step {
            Step::Append(length) => {
                self.payloads += 1;
                let payload = payload(self.payloads, length);
                self.in_doubt = Some((last + 1, payload.clone()));
                let result = append(journal, &payload);
                match &result {
                    Ok(number) => {
                        assert_eq!(*number, last + 1);
                        self.acknowledged.insert(*number, payload);
                    }
                    // In doubt until the log is opened.
                    Err(error) if matches!(error.fault(), LogFault::Uncertain { .. }) => {
                        return result.map(drop);
                    }
                    Err(_) => {}
                }
                self.in_doubt = None;
                result.map(drop)
            }
            Step::Checkpoint(back) => self.checkpoint(self.model.unwrap_or(0).max(last.saturating_sub(back))),
            Step::Forget => self.checkpoint(last + 1),
        }
    }

    fn checkpoint(&mut self, sequence: u64) -> Result<(), LogError> {
        if self.model < Some(sequence) {
            self.save(sequence)?;
            (self.model, self.model_in_doubt) = (Some(sequence), None);
        }
        let journal = self.journal.as_mut().expect("the service runs");
        journal.reset(sequence).inspect_err(|error| {
            if is_uncertain(error) {
                assert_poisoned(journal);
            }
        })
    }

    /// A model that may have been saved is used up only by the next start, as in a service that stops
    /// when a checkpoint of a removal fails.
    fn save(&mut self, sequence: u64) -> Result<(), LogError> {
        self.model_in_doubt = Some(sequence);
        let saved = atomic::replace(&self.disk, Path::new(MODEL), |file: &mut MemoryFile| {
            file.write_all(&sequence.to_le_bytes()).map_err(DiskStep::of("write"))
        });
        saved.map_err(|step: DiskStep| LogError::from(step).uncertain())
    }
}

fn is_uncertain(error: &LogError) -> bool {
    matches!(error.fault(), LogFault::Uncertain { .. })
}

fn assert_poisoned(journal: &mut Journal<Memory>) {
    let error = append(journal, b"not to be").unwrap_err();
    assert!(matches!(error.fault(), LogFault::Poisoned), "{error}");
}
