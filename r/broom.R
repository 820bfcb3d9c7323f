# The verbs of the package broom, and ggplot2's autoplot(), for fits. In R only. The generics are of
# packages that need not be there: the methods are registered when they are.

#' Tidy a fit
#'
#' Methods for the generics of the packages generics (which broom and tidymodels pass on) and
#' ggplot2.
#'
#' @param x,object A fit made by [twinprop()].
#' @param data A data frame with the columns that the fit was made from. Default: the data that the
#'   call of a formula's fit names, without the rows that were left out.
#' @param newdata The same, for new rows; goes before `data`.
#' @param log Whether the losses have a logarithmic scale.
#' @param ... Not used.
#' @return Tibbles if the package tibble is installed, else data frames.
#'   * `tidy()`: a row for each weight and bias: `layer` (into which it leads, the input is 1),
#'     `from` (`"b"` for a bias) and `to`, `term` (as [coef()] names it) and `estimate`.
#'   * `glance()`: one row: `task`, `n_obs`, `n_inputs`, `n_hidden` (units), `n_weights` (with
#'     biases), `loss`, `deviance`, `epochs`, `converged`, `seed`.
#'   * `augment()`: the data and, of a regression, `.fitted` and, where the response is there,
#'     `.resid` (of several outcomes `.fitted_NAME` and `.resid_NAME`); of a classification
#'     `.pred_class` and the probabilities `.pred_LEVEL`; of several yes-or-no outcomes
#'     `.pred_NAME`.
#'
#'   `autoplot()` returns a ggplot of the loss of every epoch.
#' @section Errors: `twinprop_input_error` if data do not fit; `twinprop_engine_error` if
#'   `autoplot()` finds no ggplot2.
#' @seealso [twinprop()], [predict.twinprop()]
#' @examples
#' fit <- twinprop(mpg ~ wt + hp, data = mtcars, hidden = 3, seed = 1)
#' if (requireNamespace("generics", quietly = TRUE)) {
#'   print(generics::tidy(fit))
#'   print(generics::glance(fit))
#'   print(head(generics::augment(fit, mtcars)))
#' }
#' if (requireNamespace("ggplot2", quietly = TRUE)) {
#'   print(ggplot2::autoplot(fit))
#' }
#' @exportS3Method generics::tidy
tidy.twinprop <- function(x, ...) { # nolint: a method
  as_table(weight_table(x))
}

#' @rdname tidy.twinprop
#' @exportS3Method generics::glance
glance.twinprop <- function(x, ...) { # nolint: a method
  layers <- x$network$layers
  as_table(data.frame(
    task = x$task, n_obs = stats::nobs(x), n_inputs = layers[1L],
    n_hidden = sum(layers[-c(1L, length(layers))]),
    n_weights = length(unlist(c(x$network$weights, x$network$biases))),
    loss = x$loss, deviance = x$deviance, epochs = x$epochs, converged = x$converged,
    seed = x$settings$seed, stringsAsFactors = FALSE
  ))
}

#' @rdname tidy.twinprop
#' @exportS3Method generics::augment
augment.twinprop <- function(x, data = NULL, newdata = NULL, ...) { # nolint: a method
  if (!is.null(newdata)) data <- newdata
  if (is.null(data)) {
    frame <- frame_again(x, parent.frame())
    data <- eval(x$call$data, parent.frame())
    if (is.null(data)) data <- frame
    data <- data[match(rownames(frame), rownames(data)), , drop = FALSE]
  }
  if (!is.data.frame(data)) input_error("data must be a data frame, got ", describe(data))
  added <- predicted_columns(x, data)
  data[names(added)] <- added
  as_table(data)
}

predicted_columns <- function(fit, data) {
  if (fit$task == "classification") {
    added <- list(.pred_class = predict.twinprop(fit, data))
    if (output_activation(fit$network) %in% c("sigmoid", "softmax")) {
      added <- c(added, columns_named(predict.twinprop(fit, data, "prob"), ".pred_"))
    }
    return(added)
  }
  if (fit$task == "multilabel") {
    return(columns_named(predict.twinprop(fit, data), ".pred_"))
  }
  fitted <- predict.twinprop(fit, data)
  observed <- if (has_response(fit, data)) response_of(fit, data, "data")
  if (is.data.frame(observed)) observed <- as.matrix(observed)
  if (length(fit$outputs$names) == 1L) {
    added <- list(.fitted = as.vector(fitted))
    if (!is.null(observed)) added$.resid <- as.vector(observed) - as.vector(fitted)
    return(added)
  }
  c(
    columns_named(fitted, ".fitted_"),
    if (!is.null(observed)) columns_named(observed - fitted, ".resid_")
  )
}

columns_named <- function(values, prefix) {
  columns <- lapply(seq_len(ncol(values)), function(j) unname(values[, j]))
  stats::setNames(columns, paste0(prefix, colnames(values)))
}

as_table <- function(frame) {
  if (requireNamespace("tibble", quietly = TRUE)) tibble::as_tibble(frame) else frame
}

#' @rdname tidy.twinprop
#' @exportS3Method ggplot2::autoplot
autoplot.twinprop <- function(object, log = FALSE, ...) { # nolint: a method
  need_ggplot2()
  costs <- run_costs(object, check_switch(log, "log"))
  style <- line_styles(seq_along(levels(costs$run)))
  picture <- ggplot2::ggplot(
    costs, aes_of(x = "epoch", y = "cost", colour = "run", linetype = "run")
  ) +
    ggplot2::geom_line(linewidth = 0.7, na.rm = TRUE) +
    ggplot2::scale_colour_manual(values = style$colour, name = NULL) +
    ggplot2::scale_linetype_manual(values = style$dash, name = NULL) +
    ggplot2::labs(title = fit_cost_title, y = "loss")
  if (log) picture + ggplot2::scale_y_log10() else picture + ggplot2::expand_limits(y = 0)
}
