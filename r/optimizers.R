# Optimisers, by torch's definitions. Twins: python/twinprop/optimizers.py, inst/js/optimizers.js
#
# Section 4 of the contract. `step(settings, power)` binds the settings, and power(b, t) of a record
# of arithmetic.R, and gives the function that makes one update of arrays of parameters:
# `function(w, g, memory, layers, t)` moves those of the lists' entries that `layers` names, by the
# gradients g, and returns list(w, memory); t counts the updates from 1. It takes lists because a
# call for each array would cost more than the arithmetic of a small network. `memory(settings)` is
# what is remembered of an array before the first update; a number stands for an array of it.

# v = momentum v + G; W -= eta v, or eta (G + momentum v) with nesterov; torch.optim.SGD
sgd <- list(
  memory = function(settings) 0,
  step = function(settings, power) {
    eta <- settings$learning_rate
    momentum <- settings$momentum
    nesterov <- settings$nesterov
    plain <- function(w, g, memory, layers, t) {
      for (l in layers) w[[l]] <- w[[l]] - eta * g[[l]]
      list(w, memory)
    }
    with_velocity <- function(w, g, memory, layers, t) {
      for (l in layers) {
        memory[[l]] <- momentum * memory[[l]] + g[[l]]
        direction <- if (nesterov) g[[l]] + momentum * memory[[l]] else memory[[l]]
        w[[l]] <- w[[l]] - eta * direction
      }
      list(w, memory)
    }
    if (momentum == 0) plain else with_velocity
  }
)

# v = alpha v + (1 - alpha) G^2; W -= eta G / (sqrt(v) + eps); torch.optim.RMSprop
rmsprop <- list(
  memory = function(settings) list(square = 0, velocity = 0),
  step = function(settings, power) {
    eta <- settings$learning_rate
    alpha <- settings$alpha
    eps <- settings$eps
    momentum <- settings$momentum
    function(w, g, memory, layers, t) {
      for (l in layers) {
        square <- alpha * memory[[l]]$square + (1 - alpha) * (g[[l]] * g[[l]])
        r <- g[[l]] / (sqrt(square) + eps)
        u <- if (momentum == 0) r else momentum * memory[[l]]$velocity + r
        w[[l]] <- w[[l]] - eta * u
        memory[[l]] <- list(
          square = square, velocity = if (momentum == 0) memory[[l]]$velocity else u
        )
      }
      list(w, memory)
    }
  }
)

# Kingma and Ba (2015), algorithm 1, with eps where torch.optim.Adam has it
adam <- list(
  memory = function(settings) list(mean = 0, square = 0),
  step = function(settings, power) {
    eta <- settings$learning_rate
    beta1 <- settings$betas[1L]
    beta2 <- settings$betas[2L]
    eps <- settings$eps
    function(w, g, memory, layers, t) {
      for (l in layers) {
        m <- beta1 * memory[[l]]$mean + (1 - beta1) * g[[l]]
        v <- beta2 * memory[[l]]$square + (1 - beta2) * (g[[l]] * g[[l]])
        denominator <- sqrt(v) / sqrt(1 - power(beta2, t)) + eps
        w[[l]] <- w[[l]] - eta / (1 - power(beta1, t)) * (m / denominator)
        memory[[l]] <- list(mean = m, square = v)
      }
      list(w, memory)
    }
  }
)

# Riedmiller and Braun (1993) without weight backtracking; torch.optim.Rprop
rprop <- list(
  memory = function(settings) list(previous = 0, step = settings$learning_rate),
  step = function(settings, power) {
    shrink <- settings$etas[1L]
    grow <- settings$etas[2L]
    smallest <- settings$step_sizes[1L]
    largest <- settings$step_sizes[2L]
    function(w, g, memory, layers, t) {
      for (l in layers) {
        g_l <- g[[l]]
        # a product that underflows to 0 leaves the step as it is, as torch has it
        agreement <- g_l * memory[[l]]$previous
        turned <- which(agreement < 0)
        step <- memory[[l]]$step + 0 * g_l
        step[turned] <- step[turned] * shrink
        agreed <- which(agreement > 0)
        step[agreed] <- step[agreed] * grow
        step <- pmin(pmax(step, smallest), largest)
        g_l[turned] <- 0
        w[[l]] <- w[[l]] - sign(g_l) * step
        memory[[l]] <- list(previous = g_l, step = step)
      }
      list(w, memory)
    }
  }
)

optimizers <- list(
  sgd = c(sgd, list(defaults = list(learning_rate = 0.5, momentum = 0, nesterov = FALSE))),
  momentum = c(sgd, list(defaults = list(learning_rate = 0.5, momentum = 0.9, nesterov = FALSE))),
  nesterov = c(sgd, list(defaults = list(learning_rate = 0.5, momentum = 0.9, nesterov = TRUE))),
  rmsprop = c(rmsprop, list(
    defaults = list(learning_rate = 0.01, alpha = 0.99, eps = 1e-8, momentum = 0)
  )),
  adam = c(adam, list(
    defaults = list(learning_rate = 0.001, betas = c(0.9, 0.999), eps = 1e-8)
  )),
  rprop = c(rprop, list(
    defaults = list(learning_rate = 0.01, etas = c(0.5, 1.2), step_sizes = c(1e-6, 50))
  ))
)

setting_checks <- list(
  learning_rate = check_number,
  weight_decay = check_number,
  momentum = check_fraction,
  nesterov = check_switch,
  alpha = check_fraction,
  eps = check_number,
  betas = check_betas,
  etas = check_etas,
  step_sizes = check_step_sizes
)

# The complete settings of an optimiser, its name included.
check_optimizer <- function(given, prefix = "", where = "optimizer") {
  name <- check_choice(
    if (has(given, "name")) given$name else "sgd", paste0(prefix, "name"), names(optimizers)
  )
  defaults <- c(list(weight_decay = 0), optimizers[[name]]$defaults)
  allowed <- union(c("name", "learning_rate", "weight_decay"), names(defaults))
  check_keys(given, where, allowed)
  settings <- list(name = name)
  for (key in allowed[-1L]) {
    value <- if (has(given, key)) given[[key]] else defaults[[key]]
    settings[[key]] <- setting_checks[[key]](value, paste0(prefix, key))
  }
  if (isTRUE(settings$nesterov) && settings$momentum == 0) {
    input_error(prefix, "nesterov needs a momentum above 0, got momentum 0")
  }
  settings
}

# Whether an object has a key, be its value null or not.
has <- function(object, key) {
  key %in% names(object)
}

#' An optimiser
#'
#' Its settings, and what it remembers from update to update, by torch's definitions (section 4 of
#' the contract, `docs/contract.md`).
#'
#' @param name `"sgd"`, `"momentum"`, `"nesterov"`, `"rmsprop"`, `"adam"` or `"rprop"`.
#' @param learning_rate A number >= 0; the default depends on the optimiser, see [tp_optimizers()].
#' @param weight_decay A number >= 0: the penalty is `weight_decay / 2` times the sum of the squared
#'   weights, never biases.
#' @param ... The optimiser's own parameters under torch's names: `momentum`, `nesterov`, `alpha`,
#'   `eps`, `betas`, `etas`, `step_sizes`.
#' @return A list of class `tp_optimizer`: `settings`, all of them, defaults filled in; `updates`,
#'   how many updates it has made; `memory`, what it remembers, `NULL` before the first update.
#' @section Errors: `twinprop_input_error` if a name is unknown or a value out of its range.
#' @references Section 4 of the contract; torch.optim's documentation gives the same formulas.
#' @examples
#' tp_optimizer("adam", learning_rate = 0.01)$settings$betas
#' @export
tp_optimizer <- function(name = "sgd", learning_rate, weight_decay = 0, ...) {
  given <- list(name = name)
  if (!missing(learning_rate)) given["learning_rate"] <- list(learning_rate)
  given <- c(given, list(weight_decay = weight_decay, ...))
  make_optimizer(check_optimizer(given))
}

make_optimizer <- function(settings) {
  structure(list(settings = settings, updates = 0, memory = NULL), class = "tp_optimizer")
}

#' The optimisers
#'
#' @return A named list: for each optimiser the list of its parameters and their defaults.
#' @examples
#' names(tp_optimizers())
#' tp_optimizers()$rprop
#' @export
tp_optimizers <- function() {
  lapply(optimizers, function(optimizer) c(optimizer$defaults, list(weight_decay = 0)))
}

# An optimiser, made by name (with its defaults) if need be.
as_optimizer <- function(optimizer) {
  if (inherits(optimizer, "tp_optimizer")) {
    return(optimizer)
  }
  tp_optimizer(check_choice(optimizer, "optimizer", names(optimizers)))
}

# What an update changes: weights, biases, the optimiser's memory for each, and the count of
# updates.
as_parameters <- function(network, optimizer) {
  memory <- optimizer$memory
  size <- lengths(network$weights)
  if (is.null(memory)) {
    start <- optimizers[[optimizer$settings$name]]$memory(optimizer$settings)
    memory <- rep(list(start), length(size))
    memory <- list(weights = memory, biases = memory, size = size)
  } else if (!identical(memory$size, size)) {
    input_error(
      "optimizer has state for a network of ", sum(memory$size), " weights, got one of ", sum(size),
      "; make a new one"
    )
  }
  list(
    weights = network$weights, biases = network$biases, updates = optimizer$updates,
    memory_weights = memory$weights, memory_biases = memory$biases
  )
}

with_parameters <- function(network, parameters) {
  network$weights <- parameters$weights
  network$biases <- parameters$biases
  network
}

with_memory <- function(optimizer, parameters) {
  optimizer$updates <- parameters$updates
  optimizer$memory <- list(
    weights = parameters$memory_weights, biases = parameters$memory_biases,
    size = lengths(parameters$weights)
  )
  optimizer
}

# The gradients of a backward pass, shortened to the norm `clip_norm` if they are longer.
clip_gradient <- function(backward, clip_norm, arithmetic = arithmetics$fast) {
  gradient <- arithmetic$flat(c(backward$grad_weights, backward$grad_biases))
  largest <- max(abs(gradient))
  if (isTRUE(largest == 0)) {
    return(backward)
  }
  # the squares of the parts do not overflow
  norm <- largest * sqrt(arithmetic$sum_of_squares(gradient / largest))
  if (isTRUE(norm > clip_norm)) {
    shorter <- function(g) g * (clip_norm / norm)
    backward$grad_weights <- lapply(backward$grad_weights, shorter)
    backward$grad_biases <- lapply(backward$grad_biases, shorter)
  }
  backward
}

# What move_layers() needs to know of an optimiser.
find_move <- function(optimizer, arithmetic = "fast") {
  settings <- optimizer$settings
  list(
    step = optimizers[[settings$name]]$step(settings, arithmetics[[arithmetic]]$power),
    weight_decay = settings$weight_decay
  )
}

# Move the weights and biases of these layers by their gradients; all are lists over layers 2..L.
move_layers <- function(parameters, layers, grad_weights, grad_biases, move) {
  weights <- parameters$weights
  t <- parameters$updates
  if (move$weight_decay != 0) {
    for (l in layers) grad_weights[[l]] <- grad_weights[[l]] + move$weight_decay * weights[[l]]
  }
  weights <- move$step(weights, grad_weights, parameters$memory_weights, layers, t)
  biases <- move$step(parameters$biases, grad_biases, parameters$memory_biases, layers, t)
  list(
    weights = weights[[1L]], biases = biases[[1L]], updates = t,
    memory_weights = weights[[2L]], memory_biases = biases[[2L]]
  )
}
