//! What is in a file of records? Recognises the layout, reads, cleans, and prints the report with the
//! time of each stage.
//!
//! `cargo run --release --example inspect -- FILE [--columns user,item,rating,time] [--adjacency] [--lenient]`

use std::error::Error;

use foldin::data::{InteractionsBuilder, Layout};

fn main() -> Result<(), Box<dyn Error>> {
    let (mut file, mut layout, mut builder) = (None, Layout::new(), InteractionsBuilder::new());
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--columns" => layout = layout.columns(&arguments.next().unwrap_or_default())?,
            "--adjacency" => layout = Layout::adjacency(),
            "--lenient" => builder = builder.lenient(),
            _ => file = Some(argument),
        }
    }
    let set = builder.read(file.ok_or("which file? give its path")?, &layout)?;
    println!("{}", set.report);
    if let Some((low, high)) = set.interactions.value_range() {
        println!("values from {low} to {high}, mean {:.4}", set.interactions.mean().unwrap_or_default());
    }
    if let Some((first, last)) = set.interactions.time_range() {
        println!("times from {first} to {last}");
    }
    Ok(())
}
