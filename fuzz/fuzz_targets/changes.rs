#![cfg_attr(fuzzing, no_main)]

foldin_fuzz::target!(foldin_fuzz::changes);
