# Starting weights and the network. Twins: python/twinprop/network.py, inst/js/network.js
#
# Section 5 of the contract. A network is plain R: lists, vectors and matrices, so saveRDS() works.

# Half the width of the interval that weights are drawn from, and whether biases are drawn too.
inits <- list(
  xavier = list(limit = function(n_in, n_out) sqrt(6 / (n_in + n_out)), draws_biases = FALSE),
  he = list(limit = function(n_in, n_out) sqrt(6 / n_in), draws_biases = FALSE),
  torch = list(limit = function(n_in, n_out) 1 / sqrt(n_in), draws_biases = TRUE),
  uniform = list(limit = function(n_in, n_out) 1, draws_biases = TRUE)
)

#' Starting weights
#'
#' One stream of random numbers from the seed ([tp_random_stream()]); layer by layer the weights row
#' by row, then the biases, each `lo + (hi - lo) * u`, where lo and hi are
#' * `"xavier"`: -+ sqrt(6 / (inputs + units)), with biases 0;
#' * `"he"`: -+ sqrt(6 / inputs), with biases 0;
#' * `"torch"`: -+ 1 / sqrt(inputs), for the biases too;
#' * `"uniform"`: -+ 1, for the biases too.
#'
#' @param layers The sizes of the layers, the input first; at least 2 integers >= 1.
#' @param init `"xavier"`, `"he"`, `"torch"` or `"uniform"`.
#' @param seed An integer from -2147483647 to 2147483647.
#' @return A list of two lists over the layers after the input: `weights`, matrices
#'   (n_l, n_{l-1}), row k holds the weights into neuron k; `biases`, vectors (n_l).
#' @section Errors: `twinprop_input_error` if an argument is not as described.
#' @references Glorot, X. and Bengio, Y. (2010). Understanding the difficulty of training deep
#'   feedforward neural networks. He, K. et al. (2015). Delving deep into rectifiers.
#' @examples
#' tp_starting_weights(c(2, 3, 1), "xavier", seed = 42)
#' @export
tp_starting_weights <- function(layers, init = "xavier", seed = 42) {
  layers <- check_layers(layers)
  init <- check_choice(init, "init", names(inits))
  starting_weights(layers, init, check_seed(seed))
}

starting_weights <- function(layers, init, seed) {
  uniform <- tp_random_stream(seed)$uniform
  weights <- biases <- vector("list", length(layers) - 1L)
  for (l in seq_along(weights)) {
    n_in <- layers[l]
    n_out <- layers[l + 1L]
    hi <- inits[[init]]$limit(n_in, n_out)
    lo <- -hi
    # written out: runif(n, lo, hi) may round otherwise where the processor fuses a * b + c
    weights[[l]] <- matrix(lo + (hi - lo) * uniform(n_in * n_out), n_out, n_in, byrow = TRUE)
    biases[[l]] <- if (inits[[init]]$draws_biases) {
      lo + (hi - lo) * uniform(n_out)
    } else {
      numeric(n_out)
    }
  }
  list(weights = weights, biases = biases)
}

#' A multilayer perceptron
#'
#' @inheritParams tp_starting_weights
#' @param activations The activation function of each layer after the input, or one name for all
#'   of them: `"sigmoid"`, `"tanh"`, `"relu"`, `"leaky_relu"`, `"softplus"`, `"identity"`; in the
#'   output layer also `"softmax"`. See [tp_activations()].
#' @param weights Weights given by hand: a list of matrices (n_l, n_{l-1}), one for each layer after
#'   the input. They replace the drawn ones; biases not given are then 0.
#' @param biases Biases given by hand: a list of vectors (n_l). Given without weights they replace
#'   the drawn ones.
#' @return A list of class `tp_network`: `layers`, `activations`, `weights` (list of matrices
#'   (n_l, n_{l-1}), row k holds the weights into neuron k), `biases` (list of vectors (n_l)).
#' @section Errors: `twinprop_input_error` if an argument is not as described.
#' @seealso [tp_train()], [tp_step()], [predict.tp_network()]
#' @examples
#' network <- tp_network(c(2, 4, 1))
#' network
#' predict(network, rbind(c(0, 1), c(1, 1)))
#'
#' # weights by hand
#' tp_network(c(2, 1), "identity", weights = list(matrix(c(1, -1), 1)), biases = list(0.5))
#' @export
tp_network <- function(layers, activations = "sigmoid", init = "xavier", seed = 42,
                       weights = NULL, biases = NULL) {
  settings <- check_network_settings(list(
    layers = layers, activations = activations, init = init, seed = seed,
    weights = weights, biases = if (is.list(biases)) lapply(biases, from_r) else biases
  ))
  start_network(settings)
}

# The complete settings of a network (section 7); `prefix` goes before the names in messages.
check_network_settings <- function(given, prefix = "") {
  name <- function(key) paste0(prefix, key)
  layers <- check_layers(given$layers, name("layers"))
  list(
    layers = layers,
    activations = check_activations(given$activations, layers, name("activations")),
    init = check_choice(given$init, name("init"), names(inits)),
    seed = check_seed(given$seed, name("seed")),
    weights = if (!is.null(given$weights)) check_weights(given$weights, name("weights"), layers),
    biases = if (!is.null(given$biases)) check_biases(given$biases, name("biases"), layers)
  )
}

# The network of checked settings.
start_network <- function(settings) {
  weights <- settings$weights
  biases <- settings$biases
  if (is.null(weights)) {
    start <- starting_weights(settings$layers, settings$init, settings$seed)
    weights <- start$weights
    if (is.null(biases)) biases <- start$biases
  } else if (is.null(biases)) {
    biases <- lapply(settings$layers[-1L], numeric)
  }
  make_network(settings$layers, settings$activations, weights, biases)
}

make_network <- function(layers, activations, weights, biases) {
  structure(
    list(layers = layers, activations = activations, weights = weights, biases = biases),
    class = "tp_network"
  )
}

# Refuse what is no network, or one whose parts no longer fit each other.
check_network <- function(network) {
  if (!inherits(network, "tp_network") || !is.list(network)) {
    input_error("network must be a network made by tp_network(), got ", describe(network))
  }
  check_activations(as.list(network$activations), network$layers)
  check_weights(network$weights, "weights", network$layers)
  check_biases(lapply(network$biases, from_r), "biases", network$layers)
  invisible(network)
}

output_activation <- function(network) {
  network$activations[length(network$activations)]
}

# x (n, n_1) and d (n, n_L) as matrices of finite numbers that fit the network and the cost.
check_samples <- function(x, d, network, cost, prefix = "") {
  x_name <- paste0(prefix, "x")
  d_name <- paste0(prefix, "d")
  layers <- network$layers
  x <- check_matrix(x, x_name, layers[1L])
  # In a direct call a vector will do for one output.
  if (prefix == "" && layers[length(layers)] == 1L && is.numeric(d) && is.null(dim(d))) {
    d <- cbind(d)
  }
  d <- check_matrix(d, d_name, layers[length(layers)])
  check_same_rows(d, nrow(x), d_name, x_name)
  check_targets(d, d_name, cost, output_activation(network))
  list(x = x, d = d)
}
