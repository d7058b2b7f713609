//! Fits every model to any events, with any parameters.

use foldin::data::{Event, Interactions, ItemIx, UserIx};
use foldin::implicit::{Confidence, IalsParams, Negatives, Objective, PopularityParams};
use foldin::model::{Fit, FitContext, Query, Score};
use foldin::persist::{Persist, model_from_bytes, model_to_bytes};
use foldin::rating::{BayesianMfParams, BiasBaselineParams, BiasedMfParams, ItemKnnParams, Likelihood};

use crate::ask::{Somebody, ask, explain, forecast, questions, rate};
use crate::bytes::Draw;

/// The first bytes choose model and parameters, the rest are events. A fit is an error or a model that answers with
/// numbers and can be saved.
pub fn fit(bytes: &[u8]) {
    let mut draw = Draw::new(bytes);
    match draw.below(6) {
        0 => fitted(&bias_baseline(&mut draw), &mut draw, rate),
        1 => fitted(&item_knn(&mut draw), &mut draw, |model, asked| {
            rate(model, asked);
            explain(model, asked);
        }),
        2 => fitted(&biased_mf(&mut draw), &mut draw, |model, asked| {
            rate(model, asked);
            explain(model, asked);
        }),
        3 => fitted(&bayesian_mf(&mut draw), &mut draw, forecast),
        4 => fitted(&ials(&mut draw), &mut draw, explain),
        _ => fitted(&popularity(&mut draw), &mut draw, |_, _| {}),
    }
}

fn fitted<P: Fit<Model: Persist + PartialEq>>(
    params: &P,
    draw: &mut Draw<'_>,
    more: fn(&P::Model, &[Query<'_>]),
) {
    let Ok(data) = events(draw) else { return };
    let fit = |threads| params.fit_with(&data, &mut FitContext::new().seed(3).threads(threads));
    let Ok(one) = fit(1) else { return };
    let model = one.model;
    assert_eq!((model.n_users(), model.n_items()), (data.n_users(), data.n_items()));
    let somebody = Somebody::draw(draw, model.n_items());
    let asked = questions(&model, &somebody, draw);
    ask(&model, &asked);
    more(&model, &asked);
    let bytes = model_to_bytes(&model).expect("what was fitted can be saved");
    assert!(model_from_bytes::<P::Model>(&bytes).expect("what was saved can be loaded") == model);
    if draw.below(16) == 1 {
        assert!(model == fit(2).expect("the same").model, "two threads give other bits");
    }
}

/// Values of all sizes; sometimes a pair stands twice, which no data set takes.
fn events(draw: &mut Draw<'_>) -> Result<Interactions, foldin::data::DataError> {
    let (n_users, n_items) = (draw.below(9) as u32, draw.below(8) as u32);
    let (timed, wild) = (draw.flag(), draw.below(3) == 1);
    let mut events = Vec::new();
    for (user, item) in (0..n_users).flat_map(|user| (0..n_items).map(move |item| (user, item))) {
        let byte = draw.byte();
        if byte.is_multiple_of(3) {
            continue;
        }
        let value = if wild { draw.float() } else { f32::from(1 + byte % 5) };
        let time = timed.then(|| if wild { draw.word() as i64 } else { i64::from(draw.byte()) * 86_400 });
        events.push(Event { user: UserIx::new(user), item: ItemIx::new(item), value, time });
        if wild && byte == 254 {
            events.push(events[0]);
        }
    }
    Interactions::from_events(n_users, n_items, &events)
}

/// A setting: what is given, or anything.
fn or_any(draw: &mut Draw<'_>, usual: f32) -> f32 {
    if draw.below(3) == 1 { draw.float() } else { usual }
}

fn bias_baseline(draw: &mut Draw<'_>) -> BiasBaselineParams {
    let params = BiasBaselineParams::new().epochs(draw.below(4));
    let params = params.user_regularization(or_any(draw, 5.0)).item_regularization(or_any(draw, 3.0));
    params.tolerance(f64::from(or_any(draw, 1e-3)))
}

fn item_knn(draw: &mut Draw<'_>) -> ItemKnnParams {
    let params = ItemKnnParams::new().neighbours(draw.below(5)).candidates(draw.below(9));
    let params = params.min_overlap(draw.below(4) as u32).shrinkage(or_any(draw, 1.0));
    let params = params.amplification(or_any(draw, 2.0)).regularization(or_any(draw, 0.01));
    params.user_regularization(or_any(draw, 5.0)).item_regularization(or_any(draw, 3.0))
}

fn biased_mf(draw: &mut Draw<'_>) -> BiasedMfParams {
    let params = BiasedMfParams::new().factors(draw.below(20)).epochs(draw.below(4));
    let params = params.regularization(or_any(draw, 1.0)).noise_prior(or_any(draw, 20.0));
    params.start_damping(or_any(draw, 1.0))
}

fn bayesian_mf(draw: &mut Draw<'_>) -> BayesianMfParams {
    let likelihood = draw.pick(&[Likelihood::Auto, Likelihood::Gaussian, Likelihood::Ordinal]);
    let params = BayesianMfParams::new().factors(draw.below(6)).samples(draw.below(6)).burn_in(draw.below(3));
    let params = params.kept(draw.below(5)).user_sets(draw.flag()).item_sets(draw.flag());
    params.time(draw.flag()).likelihood(likelihood)
}

fn ials(draw: &mut Draw<'_>) -> IalsParams {
    let (alpha, epsilon) = (or_any(draw, 2.0), or_any(draw, 1.0));
    let confidence = match draw.below(3) {
        0 => Confidence::Equal,
        1 => Confidence::Linear { alpha },
        _ => Confidence::Logarithmic { alpha, epsilon },
    };
    let params = IalsParams::new().factors(draw.below(20)).epochs(draw.below(4)).confidence(confidence);
    let params = params.regularization(or_any(draw, 0.01)).unobserved_weight(or_any(draw, 0.1));
    let params = params.nu(or_any(draw, 1.0)).activity_exponent(or_any(draw, 0.3));
    let params = params.popularity_discount(or_any(draw, 0.2)).init_scale(or_any(draw, 0.1));
    let objective = draw.pick(&[Objective::Rendle, Objective::HuKoren]);
    params.objective(objective).negatives(draw.pick(&[Negatives::Dislike, Negatives::Ignore]))
}

fn popularity(draw: &mut Draw<'_>) -> PopularityParams {
    let params = PopularityParams::new().sum_values(draw.flag());
    if draw.flag() { params.half_life(f64::from(draw.float())) } else { params }
}
