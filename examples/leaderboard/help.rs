//! What `--help` prints.

pub const HELP: &str = "\
Compares models on any file of ratings or events.

    leaderboard ratings [options]      how far predicted ratings are off
    leaderboard topn    [options]      how good the lists of unseen items are

Data
    --input FILE       CSV, TSV, semicolons or `::`, with or without a header; or one line per user,
                       `user item item ...` (default: data from the crate's own generator)
    --columns LIST     user,item,value,time: header names, or numbers from 1
    --layout NAME      auto, columns, adjacency: a file whose first lines are whole numbers, parted by
                       blanks and not equally many, has one line per user          (default auto)
    --encoding NAME    utf8, lossy or latin1                                       (default utf8)
    --user-attributes FILE, --item-attributes FILE
                       ratings: what is known of users and items, for models that use it. The id comes
                       first, with or without a header; lists are parted by a bar. The files of MovieLens
                       (u.user, u.item, users.dat, movies.dat) are recognised.
    --lenient          leave out lines that cannot be read, and count them
    --scale MIN,MAX    the rating scale; lines beyond it are errors                (default: as found)
    --threshold V      topn: only records with a value of V or more are events, and each counts 1; the
                       others are left out, of training and of test. Without it every record is an event
                       with its value, and models say what they make of values of 0 and below.

Parts
    --split HOW        random:FRACTION    hold out at random                       (default random:0.1)
                       per-user:FRACTION  hold out of each user's events at random
                       folds:K            K-fold cross-validation
                       last:N             the last N events of each user
                       time:FRACTION      the latest events of all
                       test:FILE          --input trains, FILE tests
                       test:A,B,...       one for each --input A,B,...: the mean is printed
                       users:F[:G]        topn: a fraction F of the users is held out whole; the rest of
                                          their events is folded in, G of them (default 0.2) is the truth
                       ncf:DIR            topn: 1 positive among 99 negatives, from the files of NCF
    --train FILE --test FILE              the same as --input FILE --split test:FILE
    --validate HOW     hold this part of the *training* data out and measure on it; test files are not
                       opened. Choose parameters so, and measure once without it.
                       With ncf: each event held out is ranked among 99 items the user did not touch.

Models
    --models LIST      ratings: item-mean, bias, item-knn, biased-mf, bayesian-mf; topn: popularity, ials
                                                                                   (default all)
    --set MODEL.PARAMETER=VALUE[,VALUE...]   repeatable; several values: a line for each combination, and
                       the best by the first figure is named; `--list` shows names and defaults
    --factors N[,N...] short for --set MODEL.factors=N of every model that has factors
    --seed N[,N...]    several seeds: the mean of the runs is printed              (default 0)
    --threads N        0 for all cores                                             (default 0)

Output
    --metrics LIST     topn: precision@K, recall@K (hits / relevant), recall-capped@K (hits / min(K,
                       relevant)), ndcg@K, map@K, mrr@K, hr@K
                       (default recall@20,recall-capped@20,ndcg@20; with ncf hr@10,ndcg@10)
    --json             one object per line and model
    --list             the models' parameters

Lists are of the whole catalogue without what the user touched in training. Of equal scores the smaller
item index comes first: the item that stands earlier in the data. Users without an event in the test part
are skipped and counted; users without one in the training part are asked like all others, and counted.
With ncf nothing is left out, and a tie counts against the test item.
";
