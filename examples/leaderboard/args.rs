//! The command line: what is asked for.

use std::path::PathBuf;

use foldin::data::Encoding;

/// What `--help` prints.
pub const HELP: &str = "\
Compares models on any ratings file.

    leaderboard ratings [options]

    --input FILE       ratings: CSV, TSV, semicolons or `::`, with or without a header
                       (default: data from the crate's own generator)
    --columns LIST     user,item,rating,time: header names, or numbers from 1
    --split HOW        random:FRACTION   hold out at random            (default random:0.1)
                       folds:K           K-fold cross-validation
                       last:N            the last N ratings of each user
                       time:FRACTION     the latest ratings of all
                       test:FILE         --input trains, FILE tests
                       test:A,B,...      one for each --input A,B,...: the mean is printed
    --models LIST      of item-mean, bias, item-knn, biased-mf         (default all)
    --set MODEL.PARAMETER=VALUE   repeatable; `--list` shows them with their defaults
    --factors N        short for --set biased-mf.factors=N
    --threads N        0 for all cores                                 (default 0)
    --seed N[,N...]    several seeds: the mean of the runs is printed  (default 0)
    --encoding NAME    utf8, lossy or latin1                           (default utf8)
    --lenient          leave out lines that cannot be read, and count them
    --scale MIN,MAX    the rating scale; lines beyond it are errors    (default: as found)
    --json             one object per line and model
    --list             the models' parameters
";

/// How a file is parted.
#[derive(Clone, Debug, PartialEq)]
pub enum SplitSpec {
    /// A random fraction.
    Random(f64),
    /// K folds.
    Folds(usize),
    /// The last n of each user.
    Last(usize),
    /// The latest fraction.
    Time(f64),
    /// Files to test on, one for each input.
    Test(Vec<PathBuf>),
}

/// Everything the command line says.
#[derive(Clone, Debug)]
pub struct Args {
    pub inputs: Vec<PathBuf>,
    pub columns: Option<String>,
    pub encoding: Encoding,
    pub split: SplitSpec,
    pub models: Vec<String>,
    pub set: Vec<(String, String, String)>,
    pub threads: usize,
    pub seeds: Vec<u64>,
    pub lenient: bool,
    pub scale: Option<(f32, f32)>,
    pub json: bool,
    pub list: bool,
}

/// What the command line asks for.
pub enum Command {
    Help,
    Ratings(Box<Args>),
}

impl Default for Args {
    fn default() -> Self {
        Self {
            inputs: Vec::new(),
            columns: None,
            encoding: Encoding::default(),
            split: SplitSpec::Random(0.1),
            models: crate::models::NAMES.iter().map(|name| name.to_string()).collect(),
            set: Vec::new(),
            threads: 0,
            seeds: vec![0],
            lenient: false,
            scale: None,
            json: false,
            list: false,
        }
    }
}

/// Reads the command line.
pub fn parse(mut words: impl Iterator<Item = String>) -> Result<Command, String> {
    match words.next().as_deref() {
        Some("ratings") => {}
        None | Some("--help" | "-h" | "help") => return Ok(Command::Help),
        Some(other) => return Err(format!("unknown command `{other}`: try `ratings`, or `--help`")),
    }
    let mut args = Args::default();
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or_else(|| format!("{word} needs a value; see --help"));
        match word.as_str() {
            "--input" => args.inputs = list(&value()?).into_iter().map(PathBuf::from).collect(),
            "--columns" => args.columns = Some(value()?),
            "--encoding" => args.encoding = encoding(&value()?)?,
            "--split" => args.split = split(&value()?)?,
            "--models" => args.models = models(&value()?)?,
            "--set" => args.set.push(setting(&value()?)?),
            "--factors" => args.set.push(("biased-mf".into(), "factors".into(), value()?)),
            "--threads" => args.threads = number(&word, &value()?)?,
            "--seed" => {
                args.seeds = list(&value()?).iter().map(|s| number(&word, s)).collect::<Result<_, _>>()?
            }
            "--scale" => args.scale = Some(scale(&value()?)?),
            "--lenient" => args.lenient = true,
            "--json" => args.json = true,
            "--list" => args.list = true,
            "--help" | "-h" => return Ok(Command::Help),
            _ => return Err(format!("unknown option `{word}`; see --help")),
        }
    }
    check(&args)?;
    Ok(Command::Ratings(Box::new(args)))
}

fn check(args: &Args) -> Result<(), String> {
    if args.seeds.is_empty() || args.models.is_empty() {
        return Err("at least one seed and one model are needed".into());
    }
    if let Some((model, ..)) = args.set.iter().find(|(model, ..)| !args.models.contains(model)) {
        return Err(format!("a parameter of {model} is set, but --models leaves it out"));
    }
    let inputs = args.inputs.len();
    match &args.split {
        SplitSpec::Test(files) if files.len() != inputs || inputs == 0 => {
            Err(format!("{} test files for {inputs} inputs: give one for each", files.len()))
        }
        SplitSpec::Test(_) => Ok(()),
        _ if inputs > 1 => Err("several inputs go with `--split test:FILE,FILE,...` only".into()),
        _ => Ok(()),
    }
}

fn list(text: &str) -> Vec<String> {
    text.split(',').map(|part| part.trim().to_string()).filter(|part| !part.is_empty()).collect()
}

fn number<T: std::str::FromStr>(option: &str, text: &str) -> Result<T, String> {
    text.trim().parse().map_err(|_| format!("{option}: `{text}` is not such a number"))
}

fn split(text: &str) -> Result<SplitSpec, String> {
    let (how, what) = text.split_once(':').unwrap_or((text, ""));
    let fraction = || -> Result<f64, String> {
        let fraction: f64 = number("--split", what)?;
        if fraction > 0.0 && fraction < 1.0 {
            return Ok(fraction);
        }
        Err(format!("--split: {what} is not between 0 and 1"))
    };
    Ok(match how {
        "random" => SplitSpec::Random(fraction()?),
        "time" => SplitSpec::Time(fraction()?),
        "folds" => SplitSpec::Folds(number("--split", what)?),
        "last" => SplitSpec::Last(number("--split", what)?),
        "test" => SplitSpec::Test(list(what).into_iter().map(PathBuf::from).collect()),
        _ => return Err(format!("--split: `{text}` is none of random:, folds:, last:, time:, test:")),
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

fn models(text: &str) -> Result<Vec<String>, String> {
    let names = list(text);
    match names.iter().find(|name| !crate::models::NAMES.contains(&name.as_str())) {
        Some(name) => Err(format!("unknown model `{name}`: one of {}", crate::models::NAMES.join(", "))),
        None => Ok(names),
    }
}

fn setting(text: &str) -> Result<(String, String, String), String> {
    let parts = text.split_once('=').and_then(|(name, value)| Some((name.split_once('.')?, value)));
    match parts {
        Some(((model, parameter), value)) => {
            models(model)?;
            Ok((model.into(), parameter.replace('-', "_"), value.into()))
        }
        None => Err(format!("--set: `{text}` is not MODEL.PARAMETER=VALUE")),
    }
}

fn scale(text: &str) -> Result<(f32, f32), String> {
    match list(text).as_slice() {
        [min, max] => Ok((number("--scale", min)?, number("--scale", max)?)),
        _ => Err(format!("--scale: `{text}` is not MIN,MAX")),
    }
}
