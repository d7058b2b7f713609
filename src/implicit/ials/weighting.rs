//! What one event says: its target and its weight.

use std::fmt;
use std::str::FromStr;

/// The objective that is minimised; see the formulas at [`Ials`](super::Ials).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Objective {
    /// Every pair, liked or not, is drawn to 0 with the unobserved weight; events are drawn to 1 on top of it. As text
    /// `rendle`.
    #[default]
    Rendle,
    /// Liked pairs are drawn to 1 with the unobserved weight too, all others to 0. As text `hu-koren`.
    HuKoren,
}

/// How much an event weighs, by the size of its value r.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Confidence {
    /// 1, whatever the value. As text `equal`.
    #[default]
    Equal,
    /// `alpha r`. As text `linear:ALPHA`.
    Linear {
        /// Above 0, up to 1e6.
        alpha: f32,
    },
    /// `alpha ln(1 + r / epsilon)`. As text `log:ALPHA:EPSILON`.
    Logarithmic {
        /// Above 0, up to 1e6.
        alpha: f32,
        /// The value above which the weight grows slowly. From 1e-9 to 1e9.
        epsilon: f32,
    },
}

/// What a value below 0 means. It is never a like; neither is 0, which says nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Negatives {
    /// A dislike: an event that is drawn to 0, with the weight that a like of the same size has. As text `dislike`.
    #[default]
    Dislike,
    /// Nothing. As text `ignore`.
    Ignore,
}

/// A text that names no choice.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{found}` is none of {known}")]
pub struct UnknownChoice {
    found: String,
    known: &'static str,
}

impl fmt::Display for Objective {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rendle => "rendle",
            Self::HuKoren => "hu-koren",
        })
    }
}

impl FromStr for Objective {
    type Err = UnknownChoice;

    fn from_str(text: &str) -> Result<Self, UnknownChoice> {
        match text {
            "rendle" => Ok(Self::Rendle),
            "hu-koren" => Ok(Self::HuKoren),
            _ => Err(UnknownChoice { found: text.to_owned(), known: "rendle, hu-koren" }),
        }
    }
}

impl fmt::Display for Negatives {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Dislike => "dislike",
            Self::Ignore => "ignore",
        })
    }
}

impl FromStr for Negatives {
    type Err = UnknownChoice;

    fn from_str(text: &str) -> Result<Self, UnknownChoice> {
        match text {
            "dislike" => Ok(Self::Dislike),
            "ignore" => Ok(Self::Ignore),
            _ => Err(UnknownChoice { found: text.to_owned(), known: "dislike, ignore" }),
        }
    }
}

impl fmt::Display for Confidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Equal => f.write_str("equal"),
            Self::Linear { alpha } => write!(f, "linear:{alpha}"),
            Self::Logarithmic { alpha, epsilon } => write!(f, "log:{alpha}:{epsilon}"),
        }
    }
}

impl FromStr for Confidence {
    type Err = UnknownChoice;

    fn from_str(text: &str) -> Result<Self, UnknownChoice> {
        let mut words = text.split(':');
        let name = words.next().unwrap_or_default();
        let numbers: Option<Vec<f32>> = words.map(|word| word.trim().parse().ok()).collect();
        match (name, numbers.as_deref()) {
            ("equal", Some([])) => Ok(Self::Equal),
            ("linear", Some(&[alpha])) => Ok(Self::Linear { alpha }),
            ("log", Some(&[alpha, epsilon])) => Ok(Self::Logarithmic { alpha, epsilon }),
            _ => {
                let known = "equal, linear:ALPHA, log:ALPHA:EPSILON";
                Err(UnknownChoice { found: text.to_owned(), known })
            }
        }
    }
}

impl Confidence {
    /// Whether its numbers are in their ranges.
    pub(super) fn is_sound(self) -> bool {
        let alpha_is_sound = |alpha: f32| alpha > 0.0 && alpha <= 1e6;
        match self {
            Self::Equal => true,
            Self::Linear { alpha } => alpha_is_sound(alpha),
            Self::Logarithmic { alpha, epsilon } => alpha_is_sound(alpha) && (1e-9..=1e9).contains(&epsilon),
        }
    }

    fn of(self, size: f32) -> f32 {
        match self {
            Self::Equal => 1.0,
            Self::Linear { alpha } => alpha * size,
            Self::Logarithmic { alpha, epsilon } => {
                // The quotient may be more than single precision holds; its logarithm never is.
                let ratio = f64::from(size) / f64::from(epsilon);
                (f64::from(alpha) * ratio.ln_1p()) as f32
            }
        }
    }
}

/// The parameters that turn values into targets and weights.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Weighting {
    pub(super) objective: Objective,
    pub(super) confidence: Confidence,
    pub(super) negatives: Negatives,
    pub(super) unobserved_weight: f32,
}

/// The least weight: far below what any result shows, and its inverse is finite.
const LEAST_WEIGHT: f32 = 1e-20;

/// What the pair of an event's user and item adds to its value.
#[derive(Clone, Copy)]
pub(super) struct Pair {
    /// Multiplies the weight of the event.
    pub(super) share: f32,
    /// The unobserved weight.
    pub(super) unobserved: f32,
}

/// What one event says.
pub(super) struct Told {
    pub(super) target: f32,
    pub(super) weight: f32,
}

impl Weighting {
    /// Whether an event of this value says something.
    pub(super) fn counts(&self, value: f32) -> bool {
        value != 0.0 && (value > 0.0 || self.negatives == Negatives::Dislike)
    }

    /// What an event of this value says, if it says something.
    pub(super) fn of(&self, value: f32, pair: Pair) -> Option<Told> {
        if !self.counts(value) {
            return None;
        }
        let weight = (self.confidence.of(value.abs()) * pair.share).max(LEAST_WEIGHT);
        let target = match self.objective {
            _ if value < 0.0 => 0.0,
            Objective::Rendle => 1.0,
            Objective::HuKoren => 1.0 + pair.unobserved / weight,
        };
        Some(Told { target, weight })
    }

    /// Whether every event of such values has target 1 and weight 1 before its pair adds to it.
    pub(super) fn is_plain(&self, lowest: f32) -> bool {
        lowest > 0.0 && self.objective == Objective::Rendle && self.confidence == Confidence::Equal
    }

    /// Whether what the row solver minimises is the objective itself. For Hu, Koren & Volinsky its constant is another,
    /// and too large to be taken away where a weight is small.
    pub(super) fn is_told_by_minima(&self) -> bool {
        self.objective == Objective::Rendle
    }

    /// What the objective holds for one event beside the unobserved weight times the square of its score, which it
    /// holds for every pair.
    pub(super) fn loss(&self, value: f32, score: f32, pair: Pair) -> f64 {
        let Some(Told { weight, .. }) = self.of(value, pair) else { return 0.0 };
        let (weight, score) = (f64::from(weight), f64::from(score));
        if value < 0.0 {
            return weight * score * score;
        }
        let all = match self.objective {
            Objective::Rendle => 0.0,
            Objective::HuKoren => f64::from(pair.unobserved) * (1.0 - 2.0 * score),
        };
        weight * (1.0 - score) * (1.0 - score) + all
    }
}
