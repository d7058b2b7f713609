//! Who will watch, and like, a title: an existing one, or one that has no ratings yet.
//!
//! *Knows*: the samples a model keeps, attributes in the model's features. *Does not know*: held-out truth.
//! *Cost*: `O(users * samples * (factors + levels))`, and with neighbours `O((users + items) * samples * factors^2)`.
//! *Fails* with [`ForecastError`], which says what to do.
//!
//! What is not known of a title (its row in each sample) is the same for all users, so it does not average out over them:
//! means and audiences are computed within each sample, and what samples differ by is the interval. The samples are
//! too few to read tails from; intervals are those of the normal distribution with the mean and the variance found
//! (moment matching), on the scale of the rating, or from nobody to everybody.

mod crowd;
mod likeness;
mod reasons;
mod report;
mod request;
#[cfg(test)]
mod tests;
mod title;

pub use report::{Estimate, Forecast, Neighbour, Prospect, Reason};
pub use request::{ForecastError, ForecastRequest, Title};

use super::BayesianMf;
use crate::data::UserIx;
use crate::model::Score;
use crate::par::Workers;
use crowd::Crowd;
use title::TitleRows;

impl BayesianMf {
    /// Forecasts how a title is received by the users asked.
    ///
    /// A title with ratings is forecast from them. One without is drawn from its prior, in each sample: what its
    /// attributes say, and a draw of what they leave open; a set of ratings that is empty says nothing of it. Time is
    /// left out: the forecast is for no moment of the training data.
    ///
    /// The same request has the same bits for any number of threads.
    ///
    /// ```
    /// use foldin::data::synthetic::Synthetic;
    /// use foldin::data::AttributeRecord;
    /// use foldin::model::Fit;
    /// use foldin::rating::{BayesianMfParams, ForecastRequest, Title};
    /// let world = Synthetic::tiny().generate()?;
    /// let films = std::sync::Arc::new(world.item_attributes()?);
    /// let data = world.interactions.clone().with_item_attributes(films.clone())?;
    /// let model = BayesianMfParams::new().factors(4).samples(20).burn_in(10).fit(&data)?;
    /// let unreleased = films.encode(&AttributeRecord::from(&world.items[3]))?;
    /// let forecast = model.forecast(Title::Attributes(&unreleased), &ForecastRequest::new().threshold(4.0))?;
    /// println!("{:.2} stars, liked by {:.0} of {}", forecast.mean.value, forecast.audience.value, forecast.users.len());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`ForecastError`] for a title, users or settings that make no sense.
    pub fn forecast(
        &self,
        title: Title<'_>,
        request: &ForecastRequest<'_>,
    ) -> Result<Forecast, ForecastError> {
        let threshold = request.check(self.parts.ratings.range())?;
        let users = match request.users {
            Some(users) => request::checked_users(users, self.n_users())?,
            None => (0..self.n_users()).map(UserIx::new).collect(),
        };
        let title = TitleRows::of(self, title)?;
        let workers = Workers::new(request.threads).map_err(ForecastError::Threads)?;
        let crowd = Crowd::ask(self, &title, &users, threshold, &workers);
        let reasons = reasons::reasons(self, &title, &crowd);
        let neighbours = match request.neighbours {
            0 => Vec::new(),
            n => likeness::neighbours(self, &title, (&users, &crowd.probability), n, &workers),
        };
        Ok(report::report(self, users, crowd, (reasons, neighbours), request, threshold))
    }
}
