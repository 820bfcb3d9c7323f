# A method for caret::train(). In R only.

#' A method for caret
#'
#' Lets `caret::train()` fit and tune a network: `train(x, y, method = tp_caret())`.
#'
#' The tuning parameters are `hidden` (units of the one hidden layer), `penalty` and `learn_rate`;
#' caret's grid varies the first two. Further settings of [twinprop()] are given to `train()` and
#' passed on: `train(x, y, method = tp_caret(), epochs = 200)`. Give no `seed` there: caret's
#' resampling seeds draw one for each fit.
#'
#' @return A list as caret's own methods are; see `caret::getModelInfo()`.
#' @seealso [twinprop()]
#' @references Kuhn, M. (2008). Building predictive models in R using the caret package. *Journal of
#'   Statistical Software*, 28(5), 1-26. \doi{10.18637/jss.v028.i05}.
#' @examples
#' names(tp_caret())
#' if (requireNamespace("caret", quietly = TRUE)) {
#'   set.seed(1)
#'   tuned <- caret::train(
#'     iris[1:4], iris$Species,
#'     method = tp_caret(), tuneGrid = data.frame(hidden = 4, penalty = 1e-4, learn_rate = 0.01),
#'     trControl = caret::trainControl("none")
#'   )
#'   print(predict(tuned, iris[c(1, 51, 101), ]))
#' }
#' @export
tp_caret <- function() {
  list(
    label = "Multilayer Perceptron",
    library = "twinprop",
    type = c("Regression", "Classification"),
    parameters = data.frame(
      parameter = c("hidden", "penalty", "learn_rate"), class = "numeric",
      label = c("Hidden Units", "L2 Penalty", "Learning Rate")
    ),
    grid = caret_grid,
    loop = NULL,
    fit = caret_fit,
    predict = function(modelFit, newdata, submodels = NULL) { # nolint: caret's names
      predict.twinprop(modelFit, caret_columns(newdata))
    },
    prob = function(modelFit, newdata, submodels = NULL) { # nolint: caret's names
      as.data.frame(predict.twinprop(modelFit, caret_columns(newdata), type = "prob"))
    },
    predictors = function(x, ...) vapply(x$inputs$columns, `[[`, "", "name"),
    levels = function(x) x$response$all_levels,
    tags = c("Neural Network", "L2 Regularization", "Accepts Case Weights"),
    sort = function(x) x[order(x$hidden, -x$penalty), ]
  )
}

# The values to try: a grid, or `len` at random.
caret_grid <- function(x, y, len = NULL, search = "grid") {
  if (search == "grid") {
    return(expand.grid(
      hidden = 2 * seq_len(len), penalty = c(0, 10^seq(-4, -1, length.out = len - 1L)),
      learn_rate = fit_defaults$learn_rate
    ))
  }
  data.frame(
    hidden = sample.int(20L, len, replace = TRUE), penalty = 10^stats::runif(len, -5, 0),
    learn_rate = 10^stats::runif(len, -3, -1.5)
  )
}

caret_fit <- function(x, y, wts, param, lev, last, classProbs, ...) { # nolint: caret's names
  fit <- twinprop.data.frame(
    caret_columns(x), y, param$hidden,
    penalty = param$penalty, learn_rate = param$learn_rate, ..., weights = wts
  )
  # the call holds the data's names in here, which say nothing outside
  fit$call <- call("twinprop", x = quote(x), y = quote(y), hidden = param$hidden)
  fit
}

caret_columns <- function(x) {
  if (is.matrix(x)) as.data.frame(x) else x
}
