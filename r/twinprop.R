# Fit a network to a data frame, as R users fit models. No twin: Python's door is estimators.py.
#
# A thin door: it checks what came in, has encoding.R make matrices of it and fitting.R train. A fit
# is a model (model.R) with what R users expect beside it.

#' Fit a multilayer perceptron
#'
#' @description
#' Fits a multilayer perceptron to a data frame: a regression if the response is numeric, a
#' classification if it is a factor, strings or logical values. Inputs, and the outputs of a
#' regression, are standardised before, and predictions are on the scale of the data.
#'
#' @details
#' Factors become inputs as in [lm()]: by contrasts (`options("contrasts")`, by default treatment
#' contrasts, whose base is the first level; polynomials for ordered factors). Strings are factors
#' with their values sorted by code point as levels, whatever the locale. Interactions are products.
#' The network has biases, so that the formula's intercept has no column; offsets are refused.
#'
#' A response that is a factor is a classification with the first level as first class. Two classes
#' have one output, the probability of the second level; more have one output each. Logical values
#' are the classes `FALSE` and `TRUE`. A matrix of several columns, `cbind(a, b)`, is a regression
#' with several outputs if it is numeric; of logical values each column is a yes or no of its own.
#' Numbers 0 and 1 are numbers: for classes make a factor of them.
#'
#' Rows with a missing value are left out (`na.action`); [predict()][predict.twinprop()] gives NA
#' for them.
#'
#' Without `seed`, one is drawn by R's random numbers, so that [set.seed()] before the call makes
#' the fit reproducible; the seed is kept in the fit. With `seed`, your random numbers are left
#' alone. The same data, settings and seed give the same network in Python.
#'
#' With the package parsnip, whose `mlp()` has the engine `"twinprop"` as soon as both packages are
#' loaded, these settings go into `set_engine("twinprop", ...)` but for those that `mlp()` has
#' itself: `hidden_units`, `penalty`, `dropout`, `epochs`, `activation` and `learn_rate`.
#'
#' @param x A formula, a data frame, a numeric matrix, or a recipe of the package recipes.
#' @param formula What to learn from what, such as `Species ~ .`.
#' @param data A data frame with the variables of the formula or of the recipe.
#' @param y The response: a factor, strings, logical values, numbers, or a matrix or data frame of
#'   several columns; with as many values or rows as `x` has rows.
#' @param hidden The units of each hidden layer, `c(8, 4)`; `NULL`, `0` or `integer()` for no hidden
#'   layer, which is linear or logistic regression.
#' @param ... Settings, by name: see the section below.
#' @param subset Which rows of `data` to use, an expression in its variables.
#' @param weights Case weights, numbers >= 0: in a formula's call an expression in the variables of
#'   `data`. A weight of 2 is the row twice, one of 0 the row left out.
#' @param na.action What to do with missing values: a function such as [stats::na.omit()] or
#'   [stats::na.fail()].
#' @param contrasts A list of contrasts by the names of factors, as for [lm()].
#' @return A list of class `twinprop`, plain R that [saveRDS()] can save. Its most useful elements:
#'   \describe{
#'     \item{network}{The trained network, see [tp_network()]; its inputs are standardised.}
#'     \item{task}{`"regression"`, `"classification"` or `"multilabel"`.}
#'     \item{inputs, outputs}{How columns become inputs, and outputs predictions.}
#'     \item{history}{A data frame of `epoch`, `loss` and `validation_loss`.}
#'     \item{loss}{The loss of the last epoch, or of the best one with `early_stopping`.}
#'     \item{converged, reason}{Whether training stopped by itself, and why it ended.}
#'     \item{epochs, updates}{How many were made.}
#'     \item{settings}{All settings as they were used, `seed` among them.}
#'     \item{fitted.values}{Predicted numbers, or probabilities with a column for each class.}
#'     \item{residuals}{What was observed (for classes 0 and 1) minus `fitted.values`.}
#'     \item{weights}{The case weights, or `NULL`. The network's are in `network` and [coef()].}
#'     \item{call, terms, xlevels, contrasts, na.action}{As in [lm()].}
#'   }
#' @section Settings:
#'   The network:
#'   * `activation = "relu"`: of the hidden layers, a name of [tp_activations()] or one for each.
#'   * `out_activation = "auto"`: of the outputs; `"auto"` is `"identity"` for a regression,
#'     `"softmax"` for three classes and more, else `"sigmoid"`.
#'   * `loss = "auto"`: a cost of [tp_costs()]; `"auto"` is `"cross_entropy"` for classes, else
#'     `"half_mse"`. `"squared_error"` and `"log_loss"` are other names of these two.
#'   * `scale = TRUE`: standardise the inputs that are numbers, and the outputs of a regression
#'     (with outputs that can be any number), with n, not n - 1.
#'   * `init = "xavier"`: how weights are drawn, see [tp_starting_weights()];
#'     `starting_weights = NULL`: a fit, a network or a list of `weights` and `biases` to start from
#'     instead.
#'
#'   The training:
#'   * `solver = "adam"`: or `"sgd"`, `"rmsprop"`, `"rprop"`, `"lbfgs"`. The last wants no batches
#'     and no learning rate, and is often the best for up to a few thousand rows.
#'   * `learn_rate = 0.01` and `schedule = "constant"`: the learning rate, and what becomes of it:
#'     `"adaptive"` (divided by 5 when the loss stalls), `"exponential"`, `"step"`, `"cosine"`,
#'     `"inverse"`, or a list such as `list(name = "step", every = 50)`; see [tp_train()].
#'   * `epochs = 1000`: how many at most; `batch_size = "auto"`: rows for each update, 32 at most
#'     (sgd 200, rprop and lbfgs all), `NULL` for all; `shuffle = TRUE`: in a new order in each
#'     epoch.
#'   * `momentum = 0.9`, `nesterov = TRUE` (sgd); `beta_1 = 0.9`, `beta_2 = 0.999` (adam);
#'     `epsilon = 1e-8` (adam, rmsprop).
#'   * `tol = 1e-4`, `stop_iter = 10`: training has converged when the loss did not fall by `tol`
#'     for more than `stop_iter` epochs in a row.
#'   * `seed = NULL`: an integer, from which weights, orders, dropout and validation rows are drawn;
#'     `NULL` draws one.
#'   * `rule = "gradient"`, `update_order = "simultaneous"`: see [tp_rules()] and [tp_step()].
#'
#'   Against overfitting:
#'   * `penalty = 1e-4`: of the squared weights, over the number of rows; not of the biases.
#'   * `dropout = 0`: the share of hidden units left out in each update, or one for each layer.
#'   * `early_stopping = FALSE`: watch the loss of rows set aside, and keep the weights of the best
#'     epoch. `validation = 0.1`: which share to set aside (of each class alike); or data of their
#'     own: a data frame with the response, or `list(x = , y = )`.
#'   * `clip_norm = NULL`: the largest length of an update's gradient.
#'
#'   Others:
#'   * `arithmetic = "fast"`: or `"portable"`: the machine's own sums and elementary functions, or
#'     those that give the same bits, of weights, losses and predictions, on every computer and in
#'     Python.
#'   * `class_weights = NULL`: `"balanced"`, or weights by the names of classes.
#'   * `verbose = FALSE`: show how training goes.
#'   * `callbacks = NULL`: a function, or a list of them, called after each epoch as `f(epoch, loss,
#'     validation_loss, network)`; if it returns `TRUE`, training ends there.
#' @section Errors: `twinprop_input_error` if an argument or the data are not as described;
#'   `twinprop_divergence_error` if the loss or a weight becomes NaN or Inf.
#' @section Warnings: conditions of class `twinprop_warning` if `epochs` were not enough, or if a
#'   level of the response has no rows.
#' @seealso [predict.twinprop()]; [print.twinprop()] for the other methods; [tidy.twinprop()] for
#'   broom's verbs and [tp_caret()] for caret; [tp_train()] and [tp_step()] for networks by hand.
#' @examples
#' # classification
#' fit <- twinprop(Species ~ ., data = iris, seed = 1)
#' fit
#' predict(fit, iris[c(1, 51, 101), ])
#' predict(fit, iris[c(1, 51, 101), ], type = "prob")
#' table(iris$Species, predict(fit, iris))
#'
#' # regression; the seed comes from set.seed()
#' set.seed(1)
#' fit <- twinprop(mpg ~ wt + hp + factor(cyl), data = mtcars, hidden = 4)
#' summary(fit)
#' plot(fit)
#'
#' # missing values: rows are left out, and predictions are NA
#' penguins <- tp_dataset("penguins")
#' fit <- twinprop(sex ~ species + body_mass_g + bill_length_mm, data = penguins, seed = 1)
#' nobs(fit)
#' predict(fit, penguins[1:5, ])
#'
#' # several outcomes
#' fit <- twinprop(cbind(mpg, qsec) ~ wt + hp, data = mtcars, seed = 1)
#' head(predict(fit, mtcars))
#'
#' # without a formula
#' fit <- twinprop(iris[1:4], iris$Species, hidden = c(6, 3), seed = 1)
#' head(coef(fit))
#' @export
twinprop <- function(x, ...) {
  UseMethod("twinprop")
}

#' @rdname twinprop
#' @export
twinprop.default <- function(x, ...) {
  input_error("x must be a formula, a data frame, a matrix or a recipe, got ", describe(x))
}

#' @rdname twinprop
#' @export
twinprop.formula <- function(formula, data, hidden = 8, ..., subset, weights, na.action, # nolint
                             contrasts = NULL) {
  settings <- named_settings(hidden, ...)
  frame <- training_frame(match.call(expand.dots = FALSE), formula, parent.frame())
  terms <- check_terms(attr(frame, "terms"), formula)
  given <- if (missing(data)) environment(formula) else data
  environment(terms) <- small_environment(terms, frame, given)
  attr(frame, "terms") <- terms
  response <- read_response(stats::model.response(frame), response_name(frame))
  case_weights <- stats::model.weights(frame)
  inputs <- frame_inputs(drop_levels(frame, -1L), if (is.data.frame(given)) given, contrasts)
  fit <- fit_rows(inputs, response, case_weights, settings, terms, rownames(frame))
  finish_fit(fit, match.call(), sys.call(-1), stats::na.action(frame))
}

#' @rdname twinprop
#' @export
twinprop.data.frame <- function(x, y, hidden = 8, ..., weights = NULL, # nolint: a method
                                na.action = stats::na.omit) { # nolint: R's name
  settings <- named_settings(hidden, ...)
  if (missing(y)) input_error("y is missing: the response that belongs to x")
  x <- as.data.frame(x)
  rows <- complete_rows(x, y, weights, na.action)
  x <- drop_levels(x[rows$kept, , drop = FALSE])
  response <- read_response(pick_rows(y, rows$kept), "y")
  inputs <- learn_inputs(x)
  inputs <- list(inputs = inputs, x = encode_inputs(inputs, x))
  fit <- fit_rows(inputs, response, weights[rows$kept], settings, NULL, row_labels(x))
  finish_fit(fit, match.call(), sys.call(-1), rows$na_action)
}

#' @rdname twinprop
#' @export
twinprop.matrix <- function(x, y, hidden = 8, ..., weights = NULL,
                            na.action = stats::na.omit) { # nolint: R's name
  if (!is.numeric(x) && !is.logical(x)) {
    input_error("x must be a matrix of numbers, got one of class ", typeof(x))
  }
  if (is.null(colnames(x))) colnames(x) <- sprintf("x%d", seq_len(ncol(x)))
  fit <- twinprop.data.frame(
    as.data.frame(x + 0), y, hidden, ...,
    weights = weights, na.action = na.action
  )
  fit$call <- kept_call(match.call(), sys.call(-1))
  fit
}

#' @rdname twinprop
#' @export
twinprop.recipe <- function(x, data, hidden = 8, ..., weights = NULL,
                            na.action = stats::na.omit) { # nolint: R's name
  need_package("hardhat", "twinprop() of a recipe")
  molded <- hardhat::mold(x, data)
  if (is.null(weights)) weights <- molded$extras$roles$case_weights[[1L]]
  fit <- twinprop.data.frame(
    molded$predictors, molded$outcomes, hidden, ...,
    weights = if (!is.null(weights)) as.double(weights), na.action = na.action
  )
  fit$blueprint <- molded$blueprint
  fit$call <- kept_call(match.call(), sys.call(-1))
  fit
}

# What came in ------------------------------------------------------------------------------------

# What other packages call the settings.
other_names <- c(
  size = "hidden", hidden_units = "hidden", hidden_layer_sizes = "hidden", hidden_layers = "hidden",
  decay = "penalty", alpha = "penalty", weight_decay = "penalty", maxit = "epochs",
  max_iter = "epochs", learning_rate = "learn_rate", learning_rate_init = "learn_rate",
  lr = "learn_rate", optimizer = "solver", cost = "loss", random_state = "seed",
  n_iter_no_change = "stop_iter", patience = "stop_iter", validation_fraction = "validation",
  class_weight = "class_weights", sample_weight = "weights", case_weights = "weights",
  activations = "activation", trace = "verbose", linout = "out_activation",
  nesterovs_momentum = "nesterov"
)

# The settings among the arguments.
named_settings <- function(hidden, ...) {
  settings <- list(...)
  given <- names(settings)
  if (length(settings) > 0L && (is.null(given) || any(given == ""))) {
    input_error("settings must be named, as in twinprop(y ~ x, data, hidden = 8, epochs = 100)")
  }
  allowed <- names(fit_defaults)
  for (name in setdiff(given, allowed)) {
    here <- if (name %in% names(other_names)) {
      paste0("; here it is called ", describe(other_names[[name]]))
    } else {
      paste0("; allowed: ", quoted(allowed))
    }
    input_error("unknown setting ", describe(name), here)
  }
  c(list(hidden = hidden), settings)
}

# model.frame() of the user's call, evaluated where the user called.
training_frame <- function(call, formula, where) {
  wanted <- c("data", "subset", "weights", "na.action")
  call <- call[c(1L, match(wanted, names(call), 0L))]
  call[[1L]] <- quote(stats::model.frame)
  call$formula <- formula
  if (is.null(call$na.action)) call$na.action <- quote(stats::na.omit)
  frame <- eval(call, where)
  if (nrow(frame) == 0L) {
    input_error("the data must have at least 1 row without missing values, got 0")
  }
  frame
}

check_terms <- function(terms, formula) {
  given <- describe_string(paste(deparse(formula, 500L), collapse = " "))
  if (attr(terms, "response") == 0L) {
    input_error("formula must have a response on the left of ~, got ", given)
  }
  offset <- attr(terms, "offset")
  if (!is.null(offset)) {
    input_error(
      "formula must have no offset, got ", deparse1(attr(terms, "variables")[[offset[1L] + 1L]])
    )
  }
  if (length(attr(terms, "term.labels")) == 0L) {
    input_error("formula must have at least 1 predictor, got ", given)
  }
  terms
}

response_name <- function(frame) {
  names(frame)[attr(attr(frame, "terms"), "response")]
}

# Which rows to keep: those that lack no value, but na.action may refuse. y has a value or a row for
# each row of x.
complete_rows <- function(x, y, weights, na_action) {
  n <- nrow(x)
  if (NROW(y) != n) {
    input_error("y must have as many rows as x (", n, "), got ", NROW(y))
  }
  if (!is.null(weights) && length(weights) != n) {
    input_error("weights must have ", n, " values, got ", length(weights))
  }
  complete <- stats::complete.cases(x, y)
  if (!is.null(weights)) complete <- complete & !is.na(weights)
  if (!any(complete)) {
    input_error("the data must have at least 1 row without missing values, got 0")
  }
  marked <- data.frame(row = ifelse(complete, seq_len(n), NA))
  row.names(marked) <- row_labels(x)
  kept <- na_action(marked)
  list(kept = kept$row, na_action = stats::na.action(kept))
}

pick_rows <- function(y, rows) {
  if (length(dim(y)) == 2L) y[rows, , drop = FALSE] else y[rows]
}

# Factors without the levels that no row has, as model.frame() drops them for lm().
drop_levels <- function(frame, but = 0L) {
  for (j in setdiff(seq_along(frame), -but)) {
    values <- frame[[j]]
    if (is.factor(values) && !all(levels(values) %in% values)) {
      frame[[j]] <- values[, drop = TRUE]
    }
  }
  frame
}

# Where predictions look for what the formula names beside columns, such as k in I(x > k) or a
# function of one's own. The formula's own environment may hold anything, and saveRDS() would save
# it: of it only what is named is kept, and nothing of the global environment and of packages.
small_environment <- function(terms, frame, data) {
  from <- environment(terms)
  last <- from
  while (!is_lasting(last)) last <- parent.env(last)
  names <- setdiff(all.names(attr(terms, "variables"), unique = TRUE), names(data))
  kept <- list()
  for (name in names) {
    at <- from
    while (!identical(at, last)) {
      value <- get0(name, at, inherits = FALSE)
      if (!is.null(value)) {
        # what has a value for each row is no constant
        if (is.function(value) || NROW(value) != nrow(frame)) kept[[name]] <- value
        break
      }
      at <- parent.env(at)
    }
  }
  if (length(kept) == 0L) last else list2env(kept, parent = last)
}

# Environments that are saved by their name.
is_lasting <- function(environment) {
  lasting <- list(globalenv(), baseenv(), emptyenv())
  isNamespace(environment) || any(vapply(lasting, identical, NA, environment))
}

# What a response is: `task`; `kind`, what it was; `name`; `y`, as encode_outputs() takes it;
# `all_levels`, of a factor also those that no row has; `outputs`, what learn_outputs() says of y.
read_response <- function(y, name) {
  if (is.data.frame(y)) {
    if (ncol(y) == 1L) {
      name <- names(y)
      y <- y[[1L]]
    } else {
      y <- as.matrix(y)
    }
  }
  if (is.matrix(y) && (is.numeric(y) || is.logical(y))) {
    names <- colnames(y)
    if (is.null(names)) names <- if (ncol(y) == 1L) name else paste0(name, seq_len(ncol(y)))
    task <- if (is.logical(y)) "multilabel" else "regression"
    return(new_response(task, "matrix", y, name, names))
  }
  if (is.numeric(y) && is.null(dim(y)) && !is.object(y)) {
    return(new_response("regression", "numeric", as.vector(y), name))
  }
  if (is.character(y) && is.null(dim(y))) {
    return(new_response("classification", "character", as.vector(y), name))
  }
  if (is.logical(y) && is.null(dim(y))) {
    return(new_response("classification", "logical", as.vector(y), name))
  }
  if (!is.factor(y)) {
    input_error(
      "response ", describe(name), " must be numbers, a factor, strings or logical values, got ",
      if (is.null(y)) "null" else paste("a", class(y)[1L])
    )
  }
  all_levels <- levels(y)
  empty <- all_levels[!all_levels %in% y]
  kind <- if (is.ordered(y)) "ordered" else "factor"
  response <- new_response("classification", kind, y[, drop = TRUE], name)
  response$all_levels <- all_levels
  if (length(empty) > 0L) {
    give_warning(
      "response ", describe(name), " has no rows of level ", quoted(empty),
      ", which is left out"
    )
  }
  response
}

new_response <- function(task, kind, y, name, names = name) {
  if (task == "classification" && length(unique(y)) < 2L) {
    input_error(
      "response ", describe(name), " must have at least 2 classes, got ", length(unique(y))
    )
  }
  outputs <- learn_outputs(y, task, names)
  list(
    task = task, kind = kind, name = name, y = y, outputs = outputs,
    all_levels = if (!is.null(outputs$levels)) level_text(outputs$levels)
  )
}

# The fit ------------------------------------------------------------------------------------------

# Train. `encoded` has inputs and x (n, k), not scaled, and of a formula xlevels and contrasts;
# `rows` are the names of the rows, or NULL.
fit_rows <- function(encoded, response, weights, settings, terms, rows) {
  new_rows <- settings$validation
  if (is.list(new_rows)) settings$validation <- NULL
  checked <- check_fit_settings(settings)
  n <- nrow(encoded$x)
  if (!is.null(weights)) weights <- check_sample_weight(from_r(weights), "weights", n)
  d <- encode_outputs(response$outputs, response$y, response$task, response$name)
  fit <- list(
    network = NULL, task = response$task, inputs = encoded$inputs, outputs = response$outputs,
    na = "pass", response = response[c("name", "kind", "all_levels")], terms = terms
  )
  if (checked$scale) {
    fit$inputs <- scale_inputs(fit$inputs, encoded$x, weights)
    if (scales_outputs(response$task, ncol(d), checked)) {
      fit$outputs <- scale_outputs(fit$outputs, d, weights)
    }
  }
  x <- scaled(encoded$x, fit$inputs$center, fit$inputs$scale)
  d <- scaled(d, fit$outputs$center, fit$outputs$scale)
  codes <- class_codes(d, response$task)
  if (is.null(codes) && !is.null(checked$class_weights)) {
    input_error(
      "class_weights must be null without classes, got ", describe(settings$class_weights)
    )
  }
  of_classes <- class_weight_rows(codes, response$all_levels, checked$class_weights)
  fitted <- fit_network(
    x, d, settings,
    task = response$task, strata = codes,
    sample_weight = multiply_weights(weights, of_classes),
    validation = if (is.list(new_rows)) validation_samples(fit, new_rows)
  )
  fit$network <- fitted$network
  mark <- fingerprint_of(fitted$loss_curve, fit$network$weights, fit$network$biases)
  fit$training <- c(
    fitted$training, list(loss_curve = I(fitted$loss_curve), fingerprint = mark)
  )
  fit <- c(fit, list(
    settings = kept_settings(fitted$settings),
    history = fit_history(fitted),
    loss = loss_at_end(fitted),
    epochs = fitted$n_iter, updates = fitted$updates, best_epoch = fitted$best_epoch,
    converged = fitted$converged, reason = fitted$reason,
    xlevels = encoded$xlevels, contrasts = encoded$contrasts
  ))
  if (identical(fitted$stopped, "max_iter")) {
    give_warning("training has not converged: ", fitted$reason, "; more epochs may help")
  }
  with_fitted_values(fit, x, d, weights, rows)
}

# The outputs of a regression are standardised where the network can give any number.
scales_outputs <- function(task, outputs, settings) {
  resolved <- resolve_outputs(task, outputs, settings$out_activation, settings$loss)
  task == "regression" && resolved$out_activation == "identity"
}

# Each row's class, from 1; NULL without classes.
class_codes <- function(d, task) {
  if (task == "classification") class_places(d)
}

multiply_weights <- function(weights, of_classes) {
  if (is.null(weights)) of_classes else if (is.null(of_classes)) weights else weights * of_classes
}

# The settings that a fit keeps: plain values.
kept_settings <- function(settings) {
  settings[setdiff(names(settings), c("callbacks", "starting_weights", "verbose"))]
}

fit_history <- function(fitted) {
  history <- data.frame(epoch = seq_along(fitted$loss_curve), loss = fitted$loss_curve)
  if (!is.null(fitted$validation_loss_curve)) {
    history$validation_loss <- fitted$validation_loss_curve
  }
  history
}

# The loss of the weights that the fit has: of the best epoch, or the last.
loss_at_end <- function(fitted) {
  early <- fitted$settings$early_stopping && fitted$best_epoch > 0
  if (early) fitted$loss_curve[fitted$best_epoch] else fitted$loss
}

# Data to validate by: a data frame with the response (of a formula's fit), or list(x, y).
validation_samples <- function(fit, data) {
  if (is.data.frame(data)) {
    samples <- raw_samples(fit, data, NULL, "validation")
  } else {
    if (!all(c("x", "y") %in% names(data))) {
      input_error(
        "validation must be a number above 0 and below 1, a data frame or a list of x and y, got ",
        describe(data)
      )
    }
    samples <- raw_samples(fit, data$x, data$y, "validation")
  }
  list(samples$x, samples$d)
}

# What the network makes of the rows it learned from; x and d are scaled.
with_fitted_values <- function(fit, x, d, weights, rows) {
  a <- network_outputs(fit$network, x, model_arithmetic(fit))
  last <- output_activation(fit$network)
  wanted <- d
  if (fit$task == "regression") {
    fitted <- unscaled(a, fit$outputs$center, fit$outputs$scale)
    wanted <- unscaled(d, fit$outputs$center, fit$outputs$scale)
  } else if (fit$task == "classification" && last %in% c("sigmoid", "softmax")) {
    fitted <- class_probabilities(a, last)
    if (ncol(d) == 1L) wanted <- cbind(1 - d, d)
  } else {
    fitted <- a
  }
  fit$deviance <- fit_deviance(fit, x, d, wanted - fitted, weights)
  fit$fitted.values <- named_values(fit, fitted, rows)
  fit$residuals <- named_values(fit, wanted - fitted, rows)
  # NULL, if there are none, so that weights() finds nothing else
  fit["weights"] <- list(weights)
  fit
}

named_values <- function(fit, values, rows) {
  if (fit$task == "regression" && fit$response$kind == "numeric") {
    return(stats::setNames(values[, 1L], rows))
  }
  columns <- fit$outputs$names
  if (fit$task == "classification") {
    columns <- level_text(fit$outputs$levels)
    if (ncol(values) == 1L) columns <- columns[2L]
  }
  dimnames(values) <- list(rows, columns)
  values
}

# The residual sum of squares; of probabilities minus twice the log likelihood.
fit_deviance <- function(fit, x, d, residuals, weights) {
  if (fit$task == "regression" || !output_activation(fit$network) %in% c("sigmoid", "softmax")) {
    return(sum(residuals^2 * if (is.null(weights)) 1 else weights))
  }
  # by the net inputs, which saturated probabilities have forgotten
  method <- find_method(fit$network, "cross_entropy")
  2 * nrow(d) * mean_cost(t(x), t(d), fit$network, method, 0, weights)
}

# A fit with its call.
finish_fit <- function(fit, call, caller, na_action) {
  fit$na.action <- na_action
  fit$call <- kept_call(call, caller)
  class(fit) <- c("twinprop", "tp_model")
  fit
}

# The call, as print() shows it and update() evaluates it. Data and functions that stand in it
# themselves, as do.call() leaves them, would make a fit large: names stand for them.
kept_call <- function(call, caller) {
  qualified <- quote(twinprop::twinprop)
  call[[1L]] <- if (identical(caller[[1L]], qualified)) qualified else quote(twinprop)
  for (i in seq_along(call)[-1L]) {
    value <- call[[i]]
    if (inherits(value, "quosure")) {
      # what parsnip hands on
      call[[i]] <- value[[2L]]
    } else if (inherits(value, "formula")) {
      attributes(value) <- NULL
      call[[i]] <- value
    } else if (is.function(value) || is.list(value) || length(value) > 100L) {
      if (!is.language(value)) call[[i]] <- as.name(paste0("<", class(value)[1L], ">"))
    }
  }
  call
}

need_package <- function(package, what) {
  if (!requireNamespace(package, quietly = TRUE)) {
    stop(tp_condition(
      "twinprop_engine_error",
      paste0(what, " needs ", package, "; install it: install.packages(\"", package, "\")")
    ))
  }
}
