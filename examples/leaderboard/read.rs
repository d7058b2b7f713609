//! From files to events.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use foldin::data::synthetic::Synthetic;
use foldin::data::{
    AttributesReport, Dataset, Duplicates, Ids, Interactions, InteractionsBuilder, ItemAttributes, Layout,
    Source, TableLayout, UserAttributes,
};

use crate::Failure;
use crate::args::{Args, Lines};

/// How much of a file is looked at to recognise its layout.
const HEAD_BYTES: u64 = 1 << 24;
const HEAD_LINES: usize = 50;

/// The events of a file, or of the crate's generator.
pub fn events(args: &Args, path: Option<&Path>) -> Result<Interactions, Failure> {
    let Some(path) = path else { return generated(args) };
    let mut set = add(builder(args), args, "records".into(), path)?.build()?;
    show(args, &set);
    set.interactions = described(args, set.interactions, &set.ids)?;
    Ok(likes(args, set)?.0)
}

/// The events of two files, numbered alike.
pub fn train_and_test(
    args: &Args,
    train: &Path,
    test: &Path,
) -> Result<(Interactions, Interactions), Failure> {
    let builder = add(builder(args), args, "train".into(), train)?;
    let mut set = add(builder, args, Source::new("test").held_out(), test)?.build()?;
    show(args, &set);
    set.interactions = described(args, set.interactions, &set.ids)?;
    let (train, test) = likes(args, set)?;
    Ok((train, test.ok_or("the test file has no records")?))
}

/// The events with what files know of their users and items.
fn described(args: &Args, mut data: Interactions, ids: &Ids) -> Result<Interactions, Failure> {
    let layout = TableLayout::new().encoding(args.encoding);
    if let Some(path) = &args.user_attributes {
        let builder = UserAttributes::builder();
        let builder = if args.lenient { builder.lenient() } else { builder };
        let (users, report) = builder.add_file(path, &layout)?.build(ids)?;
        show_attributes(args, &report);
        data = data.with_user_attributes(users.into())?;
    }
    if let Some(path) = &args.item_attributes {
        let builder = ItemAttributes::builder();
        let builder = if args.lenient { builder.lenient() } else { builder };
        let (items, report) = builder.add_file(path, &layout)?.build(ids)?;
        show_attributes(args, &report);
        data = data.with_item_attributes(items.into())?;
    }
    Ok(data)
}

fn generated(args: &Args) -> Result<Interactions, Failure> {
    let mut set = Synthetic::default().generate()?;
    set.interactions = described(args, set.interactions, &set.ids)?;
    if !args.json {
        let data = &set.interactions;
        eprintln!("{} generated ratings of {} people", data.len(), data.n_users());
    }
    Ok(match args.threshold {
        None => set.interactions,
        Some(least) => {
            InteractionsBuilder::new().add("ratings", liked(&set.interactions, least))?.build()?.interactions
        }
    })
}

/// The events that reach the threshold, each of value 1; users and items that have none are left out.
fn likes(args: &Args, set: Dataset) -> Result<(Interactions, Option<Interactions>), Failure> {
    let Some(least) = args.threshold else { return Ok((set.interactions, set.held_out)) };
    let mut builder = InteractionsBuilder::new().add("likes", liked(&set.interactions, least))?;
    if let Some(held_out) = &set.held_out {
        builder = builder.add(Source::new("test").held_out(), liked(held_out, least))?;
    }
    let kept = builder.build()?;
    if !args.json {
        eprintln!("{} of {} events reach {least}", kept.interactions.len(), set.interactions.len());
    }
    Ok((kept.interactions, kept.held_out))
}

fn liked(data: &Interactions, least: f32) -> impl Iterator<Item = foldin::data::Record<u32, u32>> {
    data.events().filter(move |event| event.value >= least).map(|event| foldin::data::Record {
        user: event.user.get(),
        item: event.item.get(),
        value: 1.0,
        time: event.time,
    })
}

fn builder(args: &Args) -> InteractionsBuilder {
    let mut builder = InteractionsBuilder::new().duplicates(Duplicates::Last);
    if let Some((min, max)) = args.scale {
        builder = builder.rating_range(min, max);
    }
    if args.lenient { builder.lenient() } else { builder }
}

fn add(
    builder: InteractionsBuilder,
    args: &Args,
    source: Source,
    path: &Path,
) -> Result<InteractionsBuilder, Failure> {
    let mut layout = match args.lines {
        Lines::Adjacency => Layout::adjacency(),
        Lines::Auto if args.columns.is_none() && has_one_line_per_user(path) => Layout::adjacency(),
        Lines::Auto | Lines::Columns => Layout::new(),
    };
    if let Some(columns) = &args.columns {
        layout = layout.columns(columns)?;
    }
    Ok(builder.add_file(source, path, &layout.encoding(args.encoding))?)
}

/// Whether the first lines are whole numbers, parted by blanks, and not equally many. A file that cannot be
/// opened has none: reading it says why.
fn has_one_line_per_user(path: &Path) -> bool {
    let Ok(file) = File::open(path) else { return false };
    let head = BufReader::new(file.take(HEAD_BYTES)).lines().take(HEAD_LINES);
    let mut widths = Vec::new();
    for line in head {
        let Ok(line) = line else { return false };
        if line.split_whitespace().any(|word| !word.bytes().all(|byte| byte.is_ascii_digit())) {
            return false;
        }
        widths.extend(Some(line.split_whitespace().count()).filter(|&width| width > 0));
    }
    widths.windows(2).any(|pair| pair[0] != pair[1])
}

/// The cleaning report goes to standard error, so that standard output is the table alone.
fn show(args: &Args, set: &Dataset) {
    if !args.json || set.report.dropped() > 0 {
        eprintln!("{}", set.report);
    }
}

fn show_attributes(args: &Args, report: &AttributesReport) {
    if !args.json || report.dropped() > 0 {
        eprintln!("{report}");
    }
}
