# Costs and penalties from one program's scale to another's. Twins: python/twinprop/penalties.py
#
# The table of docs/converters.md. Every program minimises
#
#     data * sum over samples of their squared errors or log losses + penalty(value) * sum of W^2
#
# so two of them have the same minimum when penalty / data is the same number. JavaScript has no
# twin: it trains with no other program's settings.

# The programs that have a penalty, and its factor on sum W^2 for value 1 and a batch of m rows.
penalties <- list(
  twinprop = function(m) 0.5, # weight_decay
  nnet = function(m) 1, # decay
  `scikit-learn` = function(m) 0.5 / m, # alpha
  torch = function(m) 0.5, # weight_decay
  keras = function(m) 1 # l2
)

# The programs whose cost is known: neuralnet has no penalty.
programs <- c("twinprop", "nnet", "neuralnet", "scikit-learn", "torch", "keras")

# The factor on the sum, over n samples, of squared errors or log losses.
data_scale <- function(program, given, reported) {
  n <- given$n
  outputs <- given$outputs
  if (given$cost == "cross_entropy") {
    if (program %in% c("nnet", "neuralnet")) {
      return(1)
    }
    mean_over_outputs <- program %in% c("torch", "keras") && given$out_activation == "sigmoid"
    return(1 / (if (mean_over_outputs) n * outputs else n))
  }
  switch(program,
    twinprop = switch(given$cost,
      half_mse = 0.5 / outputs, half_sse = 0.5, mse = 1 / outputs
    ) / n,
    # what it reports is a mean over the outputs too, what it minimises is a sum over them
    `scikit-learn` = if (reported) 0.5 / (n * outputs) else 0.5 / n,
    nnet = 1,
    neuralnet = 0.5,
    1 / (n * outputs)
  )
}

check_conversion <- function(value, source, target, allowed, n, outputs, cost, out_activation) {
  list(
    value = check_number(value, "value"),
    source = check_choice(source, "source", allowed),
    target = check_choice(target, "target", allowed),
    n = check_integer(n, "n", 1),
    outputs = check_integer(outputs, "outputs", 1),
    cost = check_choice(cost, "cost", names(costs)),
    out_activation = if (cost == "cross_entropy") {
      check_choice(out_activation, "out_activation", c("sigmoid", "softmax"))
    } else if (!is.null(out_activation)) { # it does not matter, but must be one
      check_choice(out_activation, "out_activation", names(activations))
    }
  )
}

#' Costs and penalties in other programs' scales
#'
#' `tp_convert_cost()` converts a cost that one program reports to the scale on which another
#' reports it. `tp_convert_penalty()` converts a penalty on squared weights so that two programs
#' have the same minimum: twinprop's weight_decay, nnet's decay, scikit-learn's alpha, torch's
#' weight_decay or keras's l2. nnet and torch put theirs on the biases too, unless they are told
#' otherwise (a vector for `decay`, parameter groups); the others do not.
#'
#' @param value The cost of the data, without a penalty; the penalty in the program `source`, >= 0.
#' @param source,target `"twinprop"`, `"nnet"`, `"neuralnet"` (which has no penalty),
#'   `"scikit-learn"`, `"torch"` or `"keras"`.
#' @param n Number of samples.
#' @param outputs Number of outputs K.
#' @param cost twinprop's cost: `"half_mse"`, `"half_sse"`, `"mse"`, or `"cross_entropy"`. With
#'   `"cross_entropy"` the others have their cross entropy, else their squared error.
#' @param out_activation `"sigmoid"` or `"softmax"`, with cost `"cross_entropy"` only.
#' @return A number.
#' @section Errors: `twinprop_input_error` if an argument is not as described.
#' @examples
#' # nnet reports the sum of squares, torch their mean over samples and outputs
#' tp_convert_cost(12, "nnet", "torch", n = 100, outputs = 3)
#'
#' # nnet's decay of 0.01 on 150 samples with one output, as a weight_decay for cost half_mse
#' tp_convert_penalty(0.01, "nnet", "twinprop", n = 150)
#' @export
tp_convert_cost <- function(value, source, target, n, outputs = 1, cost = "half_mse",
                            out_activation = NULL) {
  given <- check_conversion(value, source, target, programs, n, outputs, cost, out_activation)
  there <- data_scale(given$target, given, reported = TRUE)
  here <- data_scale(given$source, given, reported = TRUE)
  given$value * (there / here)
}

#' @rdname tp_convert_cost
#' @param batch_size Rows of a batch, from 1 to n; all if not given. Only scikit-learn's penalty
#'   depends on it.
#' @export
tp_convert_penalty <- function(value, source, target, n, batch_size = NULL, outputs = 1,
                               cost = "half_mse", out_activation = NULL) {
  given <- check_conversion(
    value, source, target, names(penalties), n, outputs, cost, out_activation
  )
  m <- if (is.null(batch_size)) given$n else check_integer(batch_size, "batch_size", 1, given$n)
  there <- data_scale(given$target, given, reported = FALSE) / penalties[[given$target]](m)
  here <- data_scale(given$source, given, reported = FALSE) / penalties[[given$source]](m)
  given$value * (there / here)
}
