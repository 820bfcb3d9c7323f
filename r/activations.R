# Activation functions, each beside its derivative. Twins: python/twinprop/activations.py,
# inst/js/activations.js
#
# Section 1 of the contract. A derivative takes both z and a = f(z) and uses the one that `uses`
# names; `arithmetic` is one of arithmetic.R's records. Inside the package a sample is a column (see
# backprop.R).

leaky_relu_slope <- 0.01

# exp may overflow to Inf, which gives the right limit 0
sigmoid <- function(z, arithmetic = arithmetics$fast) 1 / (1 + arithmetic$exp(-z))

# z > 0 is NA where z is NaN; such an index changes nothing, so NaN stays NaN
relu <- function(z, arithmetic) {
  z[z <= 0] <- 0
  z
}

leaky_relu <- function(z, arithmetic) {
  negative <- which(z <= 0)
  z[negative] <- leaky_relu_slope * z[negative]
  z
}

# log(1 + exp(z)), written so that exp cannot overflow
softplus <- function(z, arithmetic = arithmetics$fast) {
  relu(z) + arithmetic$log1p(arithmetic$exp(-abs(z)))
}

# exp(z_k) / sum_j exp(z_j) in each column, shifted by the largest z so that exp cannot overflow
softmax <- function(z, arithmetic = arithmetics$fast) {
  y <- arithmetic$exp(z - rep(column_max(z), each = nrow(z)))
  y / rep(arithmetic$sum_units(y), each = nrow(z))
}

column_max <- function(z) {
  if (ncol(z) == 1L) max(z) else z[cbind(max.col(t(z), "first"), seq_len(ncol(z)))]
}

activations <- list(
  sigmoid = list(
    value = sigmoid, derivative = function(z, a, arithmetic) a * (1 - a), uses = "a", smooth = TRUE
  ),
  tanh = list(
    value = function(z, arithmetic = arithmetics$fast) arithmetic$tanh(z),
    derivative = function(z, a, arithmetic) 1 - a * a, uses = "a", smooth = TRUE
  ),
  relu = list(
    value = relu, derivative = function(z, a, arithmetic) (z > 0) + 0, uses = "z", smooth = FALSE
  ),
  leaky_relu = list(
    value = leaky_relu,
    derivative = function(z, a, arithmetic) {
      slope <- (z > 0) + 0
      slope[z <= 0] <- leaky_relu_slope
      slope
    },
    uses = "z", smooth = FALSE
  ),
  softplus = list(
    value = softplus,
    derivative = function(z, a, arithmetic = arithmetics$fast) sigmoid(z, arithmetic),
    uses = "z", smooth = TRUE
  ),
  identity = list(
    value = function(z, arithmetic) z, derivative = function(z, a, arithmetic) array(1, dim(z)),
    uses = "z", smooth = TRUE
  ),
  # no derivative of its own: only used with cross_entropy, whose delta needs none
  softmax = list(
    value = softmax, derivative = NULL, uses = "a", smooth = TRUE
  )
)

activation_aliases <- c(logistic = "sigmoid", linear = "identity")

#' The activation functions
#'
#' Each beside its derivative (section 1 of the contract, `docs/contract.md`).
#'
#' @return A named list: `sigmoid` (alias `logistic`), `tanh`, `relu`, `leaky_relu`, `softplus`,
#'   `identity` (alias `linear`), `softmax`. Each entry is a list of
#'   \describe{
#'     \item{value}{`value(z)` gives f(z) for a matrix (n, units), rows are samples.}
#'     \item{derivative}{`derivative(z, a)` gives f'(z), a = f(z); `NULL` for softmax, which is only
#'       used with a cost whose delta needs no f' (cross_entropy).}
#'     \item{uses}{`"z"` or `"a"`: what the derivative is computed from.}
#'     \item{smooth}{`FALSE` if the derivative has a jump (at z = 0).}
#'   }
#' @examples
#' names(tp_activations())
#' f <- tp_activations()$sigmoid
#' z <- matrix(c(-1, 0, 1), 1)
#' a <- f$value(z)
#' f$derivative(z, a)
#' @export
tp_activations <- function() {
  table <- activations
  # inside the package a sample is a column
  table$softmax$value <- function(z) t(softmax(t(z)))
  table
}

# One name for each layer after the input; one name stands for every layer (section 1 of the
# contract).
check_activations <- function(value, layers, name = "activations") {
  after_input <- length(layers) - 1L
  entries <- if (is_string(value)) rep(list(value), after_input) else as_entries(value)
  if (is.null(entries)) {
    input_error(name, " must be a name or a list of names, got ", describe(value))
  }
  if (length(entries) != after_input) {
    input_error(
      name, " must have one name for each layer after the input (", after_input, "), got ",
      length(entries)
    )
  }
  found <- vapply(seq_along(entries), function(i) {
    check_choice(
      entries[[i]], paste0(name, " entry ", i), names(activations), activation_aliases
    )
  }, "")
  check_softmax(found, layers)
  found
}

check_softmax <- function(activations, layers) {
  at <- which(activations == "softmax")
  if (length(at) == 0L) {
    return(invisible())
  }
  if (at[1L] < length(activations)) {
    input_error(
      "activation \"softmax\" is for the output layer only, got it in layer ", at[1L] + 1L
    )
  }
  outputs <- layers[length(layers)]
  if (outputs < 2L) {
    input_error(
      "activation \"softmax\" needs at least 2 outputs, got ", outputs,
      "; use \"sigmoid\" for one output"
    )
  }
}
