# What R users expect of a fit: print, summary, predict, plot and the like. In R only: Python's
# estimators have methods.

prediction_kinds <- c("response", "class", "prob")

#' Predict by a fit
#'
#' @param object A fit made by [twinprop()].
#' @param newdata A data frame with the columns that the fit was made from; of a fit made from a
#'   matrix also a matrix. Without it, the rows that the fit was made from.
#' @param type `"response"`: numbers for a regression, classes for a classification; `"class"`:
#'   classes; `"prob"`: the probabilities of the classes.
#' @param ... Not used.
#' @return With as many values or rows as `newdata` has rows; NA for a row that lacks a value.
#'   * `"response"` of a regression: a vector, or a matrix with a column for each of several
#'     outcomes; `"response"` of several yes-or-no outcomes: a logical matrix.
#'   * `"response"` and `"class"` of a classification: a factor with the levels of the response, in
#'     their order; of a logical response logical values.
#'   * `"prob"`: a matrix with a column for each class, named after it.
#'
#'   The names are the row names of `newdata`, if it has any.
#' @section Errors: `twinprop_input_error` if a column is missing, or a value is of the wrong kind
#'   or an unknown level (it names column, row and value); if a fit has no classes or no
#'   probabilities.
#' @seealso [twinprop()]
#' @examples
#' fit <- twinprop(Species ~ ., data = iris, seed = 1)
#' predict(fit, iris[c(1, 51, 101), ])
#' predict(fit, iris[c(1, 51, 101), ], type = "prob")
#' @export
predict.twinprop <- function(object, newdata, type = "response", ...) {
  refuse_extras(c("object", "newdata", "type"), ...)
  type <- check_choice(type, "type", prediction_kinds)
  if (type == "class" && object$task != "classification") {
    input_error("classes need a fit of task \"classification\", got ", describe(object$task))
  }
  if (type == "prob") {
    check_has_probabilities(object$task, output_activation(object$network))
  }
  if (missing(newdata)) {
    values <- outputs_of_fitted(object, type)
  } else {
    newdata <- new_data(object, newdata)
    values <- predict_model(object, newdata, type, na = "pass")
  }
  as_response(object, values, type)
}

# Arguments that nobody asked for are mistakes: predict(fit, new_data = d) is not predict(fit).
refuse_extras <- function(allowed, ...) {
  if (...length() > 0L) {
    given <- names(list(...))
    given <- if (is.null(given) || given[1L] == "") "without a name" else describe(given[1L])
    input_error("unknown argument ", given, "; allowed: ", quoted(allowed))
  }
}

# What predict_model() would give for the rows of the fit, from the fitted values.
outputs_of_fitted <- function(fit, type) {
  values <- stats::napredict(fit$na.action, fit$fitted.values)
  if (fit$task == "regression" || type == "prob") {
    return(values)
  }
  if (fit$task == "multilabel") {
    return((values > 0.5) + 0)
  }
  # the first of equal ones, as for one output of 0.5
  decode_classes(class_places(values), fit$outputs$levels)
}

# Predictions in the form of the response.
as_response <- function(fit, values, type) {
  if (type == "prob" || fit$task == "regression") {
    if (fit$response$kind == "matrix" && is.null(dim(values))) {
      values <- matrix(values, dimnames = list(names(values), fit$outputs$names))
    }
    return(values)
  }
  if (fit$task == "multilabel") {
    return(values > 0.5)
  }
  if (fit$response$kind == "logical") {
    return(as.character(values) == "TRUE")
  }
  factor(
    as.character(values), fit$response$all_levels,
    ordered = fit$response$kind == "ordered"
  )
}

#' Look at a fit
#'
#' The usual functions for a model's fit.
#'
#' @param x,object,formula A fit made by [twinprop()]; for `print()` also what `summary()` returned.
#' @param digits How many significant digits to print.
#' @param which What to draw: `1`, the loss of every epoch; `2`, the network (see
#'   [tp_plot_network()]); `3`, what was observed against what was fitted: of classes the
#'   probability that each row's own class was given. Several are drawn one after the other.
#' @param ask Whether to wait before each further picture.
#' @param ... For `plot()` what the drawing function takes: `log` for 1, `values` and others of
#'   [tp_plot_network()] for 2. For `model.frame()` what [stats::model.frame()] takes.
#' @return
#'   * `summary()`: a list of class `summary.twinprop` with the `call`, a data frame `layers` (see
#'     [summary.tp_network()]), the `settings` and `fit`, a list of measures on the rows of the
#'     fit: of a regression `rmse` and `r_squared` for each outcome; of classes `accuracy`,
#'     `log_loss` and the table `confusion`.
#'   * `coef()`: all weights and biases in a vector, layer by layer, named by where they lead from
#'     and to: `b->h1.2` is the bias of unit 2 of the first hidden layer.
#'   * `fitted()` and `residuals()`: numbers; of classes matrices with a column for each, the
#'     probabilities, and 0 or 1 minus them.
#'   * `deviance()`: the residual sum of squares; of probabilities minus twice the log likelihood.
#'     Both are weighted by the case weights.
#'   * `nobs()`: how many rows (of a weight above 0) the fit was made from.
#'   * `formula()` and `model.frame()`: of a formula's fit its formula, and the data again that its
#'     call names.
#'   * `plot()`: its argument, invisibly.
#'
#'   `update()` and `weights()`, the case weights, work by their default methods.
#' @section Errors: `twinprop_input_error` if an argument is not as described, or a fit was not made
#'   from a formula.
#' @seealso [twinprop()], [predict.twinprop()]
#' @examples
#' fit <- twinprop(mpg ~ wt + hp, data = mtcars, hidden = 3, seed = 1)
#' fit
#' summary(fit)
#' coef(fit)
#' plot(fit)
#' plot(fit, which = 3)
#' update(fit, . ~ . + qsec)
#' @name print.twinprop
NULL

#' @rdname print.twinprop
#' @export
print.twinprop <- function(x, digits = 4, ...) {
  cat(fit_title(x), "\n\nCall:\n", sep = "")
  print_call(x$call)
  print_wrapped(response_text(x))
  print_wrapped(inputs_text(x))
  print_wrapped(training_text(x, digits))
  print_wrapped(ending_text(x))
  cat("Fingerprint: ", substr(x$training$fingerprint, 1L, fingerprint_digits), "\n", sep = "")
  invisible(x)
}

# No more lines than these for one text: print() is to fit on a screen.
most_text_lines <- 4L

print_call <- function(call) {
  lines <- deparse(call, width.cutoff = 50L)
  if (length(lines) > most_text_lines) lines <- c(lines[seq_len(most_text_lines)], "    ...")
  cat(lines, "", sep = "\n")
}

print_wrapped <- function(text) {
  lines <- strwrap(text, width = min(80L, getOption("width")), exdent = 2L)
  if (length(lines) > most_text_lines) lines <- c(lines[seq_len(most_text_lines)], "  ...")
  cat(lines, sep = "\n")
}

fit_title <- function(fit) {
  paste0(
    "A multilayer perceptron ", paste(fit$network$layers, collapse = "-"), " (",
    paste(fit$network$activations, collapse = ", "), "): ", fit$task
  )
}

response_text <- function(fit) {
  if (fit$task != "classification") {
    return(paste0(
      "Response: ", paste(fit$outputs$names, collapse = ", "),
      if (!is.null(fit$outputs$center)) " (standardised)"
    ))
  }
  levels <- level_text(fit$outputs$levels)
  paste0(
    "Classes of ", fit$response$name, ", the first first: ", paste(levels, collapse = ", "),
    if (length(levels) == 2L) paste0(" (the output is the probability of ", levels[2L], ")")
  )
}

inputs_text <- function(fit) {
  names <- input_names(fit)
  paste0(
    "Inputs (", length(names), if (!is.null(fit$inputs$center)) ", standardised", "): ",
    paste(names, collapse = ", ")
  )
}

training_text <- function(fit, digits) {
  s <- fit$settings
  paste0(
    "Trained on ", stats::nobs(fit), " rows", omitted_text(fit), " by ", s$solver, ": ",
    fit$epochs, " epochs, loss ", s$loss, " ", format(fit$loss, digits = digits), ", seed ", s$seed
  )
}

omitted_text <- function(fit) {
  count <- length(fit$na.action)
  if (count > 0L) paste0(" (", count, " left out for missing values)")
}

ending_text <- function(fit) {
  paste0(if (fit$converged) "Converged: " else "Not converged: ", fit$reason)
}

#' @rdname print.twinprop
#' @export
summary.twinprop <- function(object, ...) {
  structure(
    list(
      call = object$call, title = fit_title(object),
      text = c(
        response_text(object), inputs_text(object), training_text(object, 4), ending_text(object)
      ),
      layers = summary(object$network), settings = object$settings, fit = fit_measures(object)
    ),
    class = "summary.twinprop"
  )
}

#' @rdname print.twinprop
#' @export
print.summary.twinprop <- function(x, digits = 4, ...) { # nolint: a method
  cat(x$title, "\n\nCall:\n", sep = "")
  print_call(x$call)
  for (text in x$text) print_wrapped(text)
  cat("\nWeights:\n")
  print(x$layers, digits = digits, row.names = FALSE)
  for (name in setdiff(names(x$fit), "confusion")) {
    cat("\n", measure_titles[[name]], ":", sep = "")
    value <- x$fit[[name]]
    if (length(value) == 1L) {
      cat(" ", format(value, digits = digits), sep = "")
    } else {
      cat("\n")
      print(value, digits = digits)
    }
  }
  cat("\n")
  confusion <- x$fit$confusion
  if (!is.null(confusion) && nrow(confusion) <= most_confused) {
    cat("\nRows by class (observed) and predicted class:\n")
    print(confusion)
  }
  invisible(x)
}

measure_titles <- c(
  rmse = "Root mean squared error", r_squared = "R squared", residuals = "Residuals",
  accuracy = "Accuracy", log_loss = "Mean log loss"
)

# A table of more classes is not printed.
most_confused <- 12L

# How well the fit does on its own rows, weighted by the case weights.
fit_measures <- function(fit) {
  residuals <- as.matrix(fit$residuals)
  weights <- fit$weights
  if (is.null(weights)) weights <- rep(1, nrow(residuals))
  share <- weights / sum(weights)
  if (fit$task == "regression") {
    observed <- as.matrix(fit$fitted.values) + residuals
    mse <- colSums(share * residuals^2)
    means <- colSums(share * observed)
    spread <- colSums(share * sweep(observed, 2L, means)^2)
    quantiles <- apply(residuals, 2L, stats::quantile)
    rownames(quantiles) <- c("min", "1q", "median", "3q", "max")
    if (ncol(residuals) == 1L) {
      return(list(
        residuals = quantiles[, 1L], rmse = unname(sqrt(mse)), r_squared = unname(1 - mse / spread)
      ))
    }
    return(list(residuals = t(quantiles), rmse = sqrt(mse), r_squared = 1 - mse / spread))
  }
  if (fit$task == "multilabel") {
    right <- (fit$fitted.values > 0.5) == (fit$fitted.values + residuals > 0.5)
    return(list(accuracy = colSums(share * right), log_loss = fit$deviance / 2 / sum(weights)))
  }
  wanted <- fit$fitted.values + residuals
  levels <- level_text(fit$outputs$levels)
  observed <- decode_classes(class_places(wanted), fit$outputs$levels)
  predicted <- decode_classes(class_places(fit$fitted.values), fit$outputs$levels)
  measures <- list(accuracy = sum(share * (observed == predicted)))
  if (output_activation(fit$network) %in% c("sigmoid", "softmax")) {
    measures$log_loss <- fit$deviance / 2 / sum(weights)
  }
  measures$confusion <- table(observed = factor(observed, levels), predicted = predicted)
  measures
}

#' @rdname print.twinprop
#' @importFrom stats coef
#' @export
coef.twinprop <- function(object, ...) {
  table <- weight_table(object)
  stats::setNames(table$estimate, table$term)
}

# All weights and biases: `layer` (into which it leads), `from`, `to`, `term`, `estimate`; layer by
# layer and unit by unit, the bias first.
weight_table <- function(fit) {
  layers <- fit$network$layers
  depth <- length(layers)
  hidden <- lapply(seq_len(depth - 2L), function(l) {
    sprintf("h%d.%d", l, seq_len(layers[l + 1L]))
  })
  units <- c(list(input_names(fit)), hidden, list(output_names(fit)))
  tables <- lapply(seq_len(depth - 1L), function(l) {
    from <- rep(c("b", units[[l]]), layers[l + 1L])
    to <- rep(units[[l + 1L]], each = layers[l] + 1L)
    data.frame(
      layer = l + 1L, from = from, to = to, term = paste0(from, "->", to),
      estimate = as.vector(rbind(fit$network$biases[[l]], t(fit$network$weights[[l]]))),
      stringsAsFactors = FALSE
    )
  })
  do.call(rbind, tables)
}

#' @rdname print.twinprop
#' @importFrom stats nobs
#' @export
nobs.twinprop <- function(object, ...) {
  if (is.null(object$weights)) NROW(object$residuals) else sum(object$weights > 0)
}

#' @rdname print.twinprop
#' @importFrom stats formula
#' @export
formula.twinprop <- function(x, ...) {
  check_has_formula(x)
  stats::formula(x$terms)
}

#' @rdname print.twinprop
#' @importFrom stats model.frame
#' @export
model.frame.twinprop <- function(formula, ...) { # nolint: a method
  frame_again(formula, parent.frame(), ...)
}

# The model frame of a formula's fit, from the data that its call names where it was made.
frame_again <- function(fit, where, ...) {
  check_has_formula(fit)
  call <- fit$call
  wanted <- c("data", "subset", "weights", "na.action")
  call <- call[c(1L, match(wanted, names(call), 0L))]
  call[[1L]] <- quote(stats::model.frame)
  if (is.null(call$na.action)) call$na.action <- quote(stats::na.omit)
  extra <- list(...)
  call[names(extra)] <- extra
  call$formula <- fit$terms
  eval(call, where)
}

check_has_formula <- function(fit) {
  if (is.null(fit$terms)) input_error("the fit was made without a formula")
}

#' @rdname print.twinprop
#' @export
plot.twinprop <- function(x, which = 1,
                          ask = length(which) > prod(graphics::par("mfcol")) &&
                            grDevices::dev.interactive(), ...) {
  if (!is.numeric(which) || length(which) == 0L || !all(which %in% seq_along(fit_pictures))) {
    input_error("which must be numbers from 1 to ", length(fit_pictures), ", got ", describe(which))
  }
  if (ask) {
    old <- grDevices::devAskNewPage(TRUE)
    on.exit(grDevices::devAskNewPage(old))
  }
  for (picture in which) fit_pictures[[picture]](x, ...)
  invisible(x)
}

fit_pictures <- list(
  function(fit, log = FALSE, ...) tp_plot_cost(fit, log),
  function(fit, ...) tp_plot_network(fit, ...),
  function(fit, ...) plot_fitted(fit)
)

# Observed against fitted values; of classes the probability of each row's own class.
plot_fitted <- function(fit) {
  fitted <- as.matrix(fit$fitted.values)
  observed <- fitted + as.matrix(fit$residuals)
  if (fit$task == "classification") {
    of <- class_places(observed)
    own <- fitted[cbind(seq_along(of), if (ncol(fitted) > 1L) of else 1L)]
    classes <- decode_classes(of, fit$outputs$levels)
    graphics::boxplot(
      own ~ classes,
      ylim = c(0, 1), xlab = fit$response$name, ylab = "probability of a row's own class",
      main = "What each class was given", font.main = 1, cex.main = 1, col = "#DDE8F0"
    )
    return(invisible(data.frame(class = classes, probability = own)))
  }
  k <- ncol(fitted)
  style <- line_styles(seq_len(k))
  marker <- plot_markers[(seq_len(k) - 1L) %% length(plot_markers) + 1L]
  names <- fit$outputs$names
  old <- legend_room(names[k > 1L])
  on.exit(graphics::par(mar = old))
  start_plot(
    range(fitted), range(observed), "fitted", "observed", FALSE, "Observed and fitted values"
  )
  graphics::abline(0, 1, col = "#BBBBBB")
  for (j in seq_len(k)) {
    graphics::points(
      fitted[, j], observed[, j],
      pch = marker[j], col = style$colour[j], bg = mix_colour(style$colour[j], 0.5)
    )
  }
  if (k > 1L) {
    draw_legend(
      fitted, observed, FALSE,
      legend = names, pch = marker, col = style$colour, pt.bg = style$colour
    )
  }
  invisible(data.frame(
    outcome = rep(names, each = nrow(fitted)), fitted = as.vector(fitted),
    observed = as.vector(observed)
  ))
}
