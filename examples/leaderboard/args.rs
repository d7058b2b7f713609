//! The command line: what is asked for.

use std::path::PathBuf;

use foldin::data::Encoding;
use foldin::evaluate::metric_by_name;

use crate::models;
use crate::split::SplitSpec;

/// Which question is asked of the models.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    Ratings,
    Topn,
}

/// How files lie.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lines {
    #[default]
    Auto,
    Columns,
    Adjacency,
}

/// One `--set`: a model's parameter, and its value or the values to compare.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    pub model: String,
    pub parameter: String,
    pub values: Vec<String>,
}

/// Everything the command line says.
#[derive(Clone, Debug)]
pub struct Args {
    pub task: Task,
    pub inputs: Vec<PathBuf>,
    pub lines: Lines,
    pub columns: Option<String>,
    pub encoding: Encoding,
    pub user_attributes: Option<PathBuf>,
    pub item_attributes: Option<PathBuf>,
    pub split: SplitSpec,
    pub validate: Option<SplitSpec>,
    pub models: Vec<String>,
    pub set: Vec<Setting>,
    pub factors: Vec<String>,
    pub threads: usize,
    pub seeds: Vec<u64>,
    pub lenient: bool,
    pub scale: Option<(f32, f32)>,
    pub threshold: Option<f32>,
    /// As they were named.
    pub metrics: Vec<String>,
    pub json: bool,
    pub list: bool,
}

/// What the command line asks for.
#[derive(Debug)]
pub enum Command {
    Help,
    Compare(Box<Args>),
}

impl Args {
    fn new(task: Task) -> Self {
        Self {
            task,
            inputs: Vec::new(),
            lines: Lines::Auto,
            columns: None,
            encoding: Encoding::default(),
            user_attributes: None,
            item_attributes: None,
            split: SplitSpec::Random(0.1),
            validate: None,
            models: models::names(task),
            set: Vec::new(),
            factors: Vec::new(),
            threads: 0,
            seeds: vec![0],
            lenient: false,
            scale: None,
            threshold: None,
            metrics: Vec::new(),
            json: false,
            list: false,
        }
    }

    /// Takes one option; `value` is the word after it.
    fn option(
        &mut self,
        name: &str,
        mut value: impl FnMut() -> Result<String, String>,
    ) -> Result<(), String> {
        match name {
            "--input" => self.inputs = list(&value()?).into_iter().map(PathBuf::from).collect(),
            "--columns" => self.columns = Some(value()?),
            "--layout" => self.lines = lines(&value()?)?,
            "--encoding" => self.encoding = encoding(&value()?)?,
            "--user-attributes" => self.user_attributes = Some(value()?.into()),
            "--item-attributes" => self.item_attributes = Some(value()?.into()),
            "--split" => self.split = SplitSpec::parse(name, &value()?)?,
            "--validate" => self.validate = Some(SplitSpec::parse(name, &value()?)?),
            "--models" => self.models = list(&value()?),
            "--set" => self.set.push(setting(&value()?)?),
            "--factors" => self.factors = list(&value()?),
            "--threads" => self.threads = number(name, &value()?)?,
            "--seed" => {
                self.seeds =
                    list(&value()?).iter().map(|seed| number(name, seed)).collect::<Result<_, _>>()?
            }
            "--scale" => self.scale = Some(scale(&value()?)?),
            "--threshold" => self.threshold = Some(number(name, &value()?)?),
            "--metrics" => self.metrics = list(&value()?),
            "--lenient" => self.lenient = true,
            "--json" => self.json = true,
            "--list" => self.list = true,
            _ => return Err(format!("unknown option `{name}`; see --help")),
        }
        Ok(())
    }

    /// Whether what was said goes together.
    fn check(&self) -> Result<(), String> {
        if self.seeds.is_empty() || self.models.is_empty() {
            return Err("at least one seed and one model are needed".into());
        }
        let known = models::names(self.task);
        if let Some(name) = self.models.iter().find(|name| !known.contains(name)) {
            return Err(format!("unknown model `{name}`: one of {}", known.join(", ")));
        }
        if let Some(Setting { model, .. }) = self.set.iter().find(|set| !self.models.contains(&set.model)) {
            return Err(format!("a parameter of {model} is set, but --models leaves it out"));
        }
        self.check_task()?;
        self.check_parts()
    }

    fn check_task(&self) -> Result<(), String> {
        let metrics = self.metrics.iter().enumerate();
        for (at, name) in metrics {
            metric_by_name(name).map_err(|error| format!("--metrics: {error}"))?;
            if self.metrics[..at].contains(name) {
                return Err(format!("--metrics names {name} twice"));
            }
        }
        let lists = [
            ("--metrics", !self.metrics.is_empty()),
            ("--threshold", self.threshold.is_some()),
            ("this --split", self.split.is_of_lists()),
            ("this --validate", self.validate.as_ref().is_some_and(SplitSpec::is_of_lists)),
        ];
        if self.task == Task::Topn && (self.user_attributes.is_some() || self.item_attributes.is_some()) {
            return Err("attributes go with `ratings`: no model of lists uses them".into());
        }
        match lists.iter().find(|(_, given)| *given && self.task == Task::Ratings) {
            Some((what, _)) => Err(format!("{what} goes with `topn`; ratings are measured by RMSE and MAE")),
            None if self.threshold.is_some_and(f32::is_nan) => Err("--threshold: NaN is no value".into()),
            None => Ok(()),
        }
    }

    fn check_parts(&self) -> Result<(), String> {
        let inputs = self.inputs.len();
        if self.validate.as_ref().is_some_and(SplitSpec::names_files) {
            return Err("--validate holds out a part of the training data: it takes no files".into());
        }
        match &self.split {
            SplitSpec::Test(files) if files.len() != inputs || inputs == 0 => {
                Err(format!("{} test files for {inputs} inputs: give one for each", files.len()))
            }
            SplitSpec::Test(_) => Ok(()),
            SplitSpec::Ncf(_) if inputs > 0 || self.threshold.is_some() => {
                Err("--split ncf:DIR names all its files: leave --input and --threshold out".into())
            }
            _ if inputs > 1 => Err("several inputs go with `--split test:FILE,FILE,...` only".into()),
            _ => Ok(()),
        }
    }
}

/// Reads the command line.
pub fn parse(mut words: impl Iterator<Item = String>) -> Result<Command, String> {
    let mut args = match words.next().as_deref() {
        Some("ratings") => Args::new(Task::Ratings),
        Some("topn") => Args::new(Task::Topn),
        None | Some("--help" | "-h" | "help") => return Ok(Command::Help),
        Some(other) => return Err(format!("unknown command `{other}`: try `ratings`, `topn` or `--help`")),
    };
    let mut given: Vec<String> = Vec::new();
    while let Some(word) = words.next() {
        if word == "--help" || word == "-h" {
            return Ok(Command::Help);
        }
        // Two words for the same two things.
        let name = match word.as_str() {
            "--train" => "--input",
            "--test" => "--split",
            other => other,
        };
        if given.iter().any(|given| given == name) && name != "--set" {
            return Err(format!("{word}: {name} is given twice"));
        }
        given.push(name.into());
        args.option(name, || {
            let value = words.next().ok_or_else(|| format!("{word} needs a value; see --help"))?;
            Ok(if word == "--test" { format!("test:{value}") } else { value })
        })?;
    }
    args.check()?;
    Ok(Command::Compare(Box::new(args)))
}

/// The parts of a list, without blanks around them.
pub fn list(text: &str) -> Vec<String> {
    text.split(',').map(|part| part.trim().to_string()).filter(|part| !part.is_empty()).collect()
}

/// A number, or what is wrong with it.
pub fn number<T: std::str::FromStr>(option: &str, text: &str) -> Result<T, String> {
    text.trim().parse().map_err(|_| format!("{option}: `{text}` is not such a number"))
}

fn lines(text: &str) -> Result<Lines, String> {
    Ok(match text {
        "auto" => Lines::Auto,
        "columns" => Lines::Columns,
        "adjacency" => Lines::Adjacency,
        _ => return Err(format!("--layout: `{text}` is none of auto, columns, adjacency")),
    })
}

fn encoding(text: &str) -> Result<Encoding, String> {
    Ok(match text {
        "utf8" => Encoding::Utf8,
        "lossy" => Encoding::Utf8Lossy,
        "latin1" => Encoding::Latin1,
        _ => return Err(format!("--encoding: `{text}` is none of utf8, lossy, latin1")),
    })
}

fn setting(text: &str) -> Result<Setting, String> {
    let parts = text.split_once('=').and_then(|(name, values)| Some((name.split_once('.')?, list(values))));
    match parts {
        Some(((model, parameter), values)) if !values.is_empty() => {
            Ok(Setting { model: model.into(), parameter: parameter.replace('-', "_"), values })
        }
        _ => Err(format!("--set: `{text}` is not MODEL.PARAMETER=VALUE")),
    }
}

fn scale(text: &str) -> Result<(f32, f32), String> {
    match list(text).as_slice() {
        [min, max] => Ok((number("--scale", min)?, number("--scale", max)?)),
        _ => Err(format!("--scale: `{text}` is not MIN,MAX")),
    }
}
