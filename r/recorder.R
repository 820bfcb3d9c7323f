# What single updates did, recorded. Twins: python/twinprop/recorder.py, inst/js/recorder.js
#
# Section 6 of the contract. The bookkeeping only: the training loop hands over the arrays.

# The numbers that a recording may hold: 64 MiB in float64.
recording_limit <- 2^23

# What an array takes beside its numbers, about, as so many numbers.
array_size <- 32

# How many numbers a step counts as.
step_size <- function(layers, rows) {
  depth <- length(layers) - 1
  parameters <- sum(layers[-1L] * (layers[-length(layers)] + 1))
  2 * parameters + rows * (1 + sum(layers[-1L])) + array_size * 5 * depth
}

# Keeps the steps of a training that the interval and the limit leave. `keep(step)` takes a step
# that is due, and thins out those before it if it does not fit; `due()` is the number of the next
# update to be recorded; `recording(updates)` is the tp_recording of a training that made so many.
step_recorder <- function(interval, layers, limit = recording_limit) {
  due <- 1
  steps <- list()
  size <- 0
  size_of <- function(step) step_size(layers, length(step$rows))
  thin_out <- function() {
    steps <<- steps[c(TRUE, FALSE)]
    size <<- sum(vapply(steps, size_of, 0))
    interval <<- 2 * interval
  }
  list(
    due = function() due,
    keep = function(step) {
      past <- 0
      while (past == 0 && length(steps) > 1L && size + size_of(step) > limit) {
        thin_out()
        past <- (step$update - 1) %% interval
      }
      if (past == 0) {
        steps[[length(steps) + 1L]] <<- step
        size <<- size + size_of(step)
      }
      due <<- step$update - past + interval
    },
    recording = function(updates) {
      make_recording(interval, updates, Filter(function(step) step$update <= updates, steps))
    }
  )
}

make_recording <- function(interval, updates, steps) {
  structure(list(interval = interval, updates = updates, steps = steps), class = "tp_recording")
}

#' Recorded steps of a training
#'
#' What [tp_train()] returns as `run$recording` when asked to `record`, and what its errors carry.
#'
#' @param x,object A recording.
#' @param row.names `NULL` or names for the rows.
#' @param optional Not used.
#' @param ... Not used.
#' @return A recording is a list of class `tp_recording`:
#'   \describe{
#'     \item{interval}{The recorded updates are 1, 1 + interval, 1 + 2 interval, ...: what was asked
#'       for, or that times a power of two, where not all steps would have fitted.}
#'     \item{updates}{How many updates the training made.}
#'     \item{steps}{A list with a list for each recorded update: `update` and `epoch`, its number in
#'       the training and its epoch's, from 1; `rows`, the numbers of its rows, from 1, in the
#'       batch's order (m); `cost`, the batch's mean cost, with the penalty of weight decay, before
#'       the update; `weights` and `biases`, the ones it started from, lists over the layers 2..L,
#'       (n_l, n_{l-1}) and (n_l) each; `e`, the errors as they were used, (m, n_l) each;
#'       `grad_weights` and `grad_biases`, the gradients, (n_l, n_{l-1}) and (n_l) each.}
#'   }
#'   `length()` is the number of steps. `as.data.frame()` has a row for each number, with the
#'   columns `update`, `epoch`, `sample` (the number of its row, for errors; else NA), `layer`,
#'   `from` (NA but for weights and their gradients), `to`, `quantity` (`"weight"`, `"bias"`,
#'   `"error"`, `"gradient_weight"`, `"gradient_bias"`) and `value`. `print()` returns its argument,
#'   invisibly. `summary()` is a data frame with a row for each step: `update`, `epoch`, `rows` (how
#'   many) and `cost`.
#' @seealso [tp_train()]
#' @examples
#' x <- rbind(c(0, 0), c(0, 1), c(1, 0), c(1, 1))
#' d <- cbind(c(0, 1, 1, 0))
#' run <- tp_train(tp_network(c(2, 3, 1)), x, d, epochs = 2, record = "steps")
#' run$recording
#' summary(run$recording)
#' head(as.data.frame(run$recording))
#'
#' # What a step does not hold follows from its weights and the data: here its errors and gradients
#' # are computed again.
#' step <- run$recording$steps[[7]]
#' step$cost
#' network <- tp_network(c(2, 3, 1), weights = step$weights, biases = step$biases)
#' forward <- tp_forward(network, x[step$rows, , drop = FALSE])
#' backward <- tp_backward(network, forward, d[step$rows, , drop = FALSE])
#' all.equal(backward$e, step$e)
#' all.equal(backward$grad_weights, step$grad_weights)
#' @name tp_recording
NULL

#' @rdname tp_recording
#' @export
print.tp_recording <- function(x, ...) {
  cat(
    "Recording: ", length(x$steps), " steps of ", sprintf("%.0f", x$updates),
    " updates (interval ", sprintf("%.0f", x$interval), ")\n",
    sep = ""
  )
  invisible(x)
}

#' @rdname tp_recording
#' @export
length.tp_recording <- function(x) {
  length(x$steps)
}

#' @rdname tp_recording
#' @export
summary.tp_recording <- function(object, ...) {
  data.frame(
    update = vapply(object$steps, function(step) as.integer(step$update), 0L),
    epoch = vapply(object$steps, function(step) as.integer(step$epoch), 0L),
    rows = vapply(object$steps, function(step) length(step$rows), 0L),
    cost = vapply(object$steps, `[[`, 0, "cost")
  )
}

#' @rdname tp_recording
#' @export
as.data.frame.tp_recording <- function(x, row.names = NULL, # nolint: object_name_linter.
                                       optional = FALSE, ...) {
  places <- list() # by the number of rows
  parts <- lapply(x$steps, function(step) {
    rows <- length(step$rows)
    key <- as.character(rows)
    if (is.null(places[[key]])) {
      layers <- c(ncol(step$weights[[1L]]), lengths(step$biases))
      places[[key]] <<- step_places(layers, rows)
    }
    place <- places[[key]]
    value <- step_values(step)
    list(
      update = rep(step$update, length(value)), epoch = rep(step$epoch, length(value)),
      sample = step$rows[place$sample], layer = place$layer, from = place$from, to = place$to,
      quantity = place$quantity, value = value
    )
  })
  empty <- list(
    update = integer(), epoch = integer(), sample = integer(), layer = integer(),
    from = integer(), to = integer(), quantity = character(), value = numeric()
  )
  columns <- lapply(names(empty), function(name) {
    as.vector(unlist(lapply(parts, `[[`, name)), mode = typeof(empty[[name]]))
  })
  names(columns) <- names(empty)
  data.frame(columns, row.names = row.names, stringsAsFactors = FALSE)
}

# The numbers of a step in the order of the table.
step_values <- function(step) {
  unlist(Map(
    function(w, b, e, grad_w, grad_b) c(t(w), b, t(e), t(grad_w), grad_b),
    step$weights, step$biases, step$e, step$grad_weights, step$grad_biases
  ))
}

# The table's rows for a step: sample (from 1 in the batch), layer, from, to, quantity.
step_places <- function(layers, rows) {
  do.call(rbind, lapply(seq_along(layers)[-1L], function(layer) {
    n_in <- layers[layer - 1L]
    n_out <- layers[layer]
    counts <- c(n_in * n_out, n_out, rows * n_out)[c(1L, 2L, 3L, 1L, 2L)]
    none <- function(count) rep(NA_integer_, count)
    from <- rep(seq_len(n_in), n_out)
    to <- rep(seq_len(n_out), each = n_in)
    units <- seq_len(n_out)
    data.frame(
      sample = c(
        none(counts[1L] + n_out), rep(seq_len(rows), each = n_out), none(counts[1L] + n_out)
      ),
      layer = layer,
      from = c(from, none(n_out + counts[3L]), from, none(n_out)),
      to = c(to, units, rep(units, rows), to, units),
      quantity = rep(c("weight", "bias", "error", "gradient_weight", "gradient_bias"), counts),
      stringsAsFactors = FALSE
    )
  }))
}
