# The kernel: training and forward in C, if they were compiled. Twins: python/twinprop/kernel.py; C
# in kernel/
#
# Section 19 of the contract: kernel/kernel.c computes in portable arithmetic alone. Everything is
# checked here before it leaves R. The library is compiled when the package is installed, where a
# compiler works, and TWINPROP_KERNEL=off hides it.

# The codes of names in kernel.c are their places here, from 0.
kernel_activations <- c(
  "sigmoid", "tanh", "relu", "leaky_relu", "softplus", "identity", "softmax"
)
kernel_costs <- c("half_mse", "half_sse", "mse", "cross_entropy")
kernel_rules <- c("gradient", "transpose", "proportional", "proportional_abs")

# What an optimiser is to the kernel: its code, and the names of what it remembers of an array, in
# order. sgd remembers but one array, without a name.
kernel_optimizers <- list(
  sgd = list(code = 0L, memory = NULL),
  momentum = list(code = 0L, memory = NULL),
  nesterov = list(code = 0L, memory = NULL),
  rmsprop = list(code = 1L, memory = c("square", "velocity")),
  adam = list(code = 2L, memory = c("mean", "square")),
  rprop = list(code = 3L, memory = c("previous", "step"))
)

# What a call's status says, by CODE + 1.
kernel_codes <- c("ok", "not finite", "vanished", "no memory")

# Sets the variable that turns the kernel off; NA takes it away.
turn_kernel <- function(value) {
  if (is.na(value)) Sys.unsetenv("TWINPROP_KERNEL") else Sys.setenv(TWINPROP_KERNEL = value)
}

#' Whether the kernel is there
#'
#' Trainings of small networks, and all in portable arithmetic, run in C, if it was compiled when
#' twinprop was installed. Without it they give the same numbers, but take longer.
#'
#' @details The environment variable `TWINPROP_KERNEL=off` turns it off.
#' @return `TRUE` or `FALSE`.
#' @examples
#' Sys.setenv(TWINPROP_KERNEL = "off")
#' tp_kernel_available()
#' Sys.unsetenv("TWINPROP_KERNEL")
#' @export
tp_kernel_available <- function() {
  Sys.getenv("TWINPROP_KERNEL") != "off" && is.loaded("kernel_train", PACKAGE = "twinprop")
}

# The arrays of a list over layers of weights and one of biases as the kernel has them: all weights
# layer by layer, row by row, then all biases.
kernel_parameters <- function(weights, biases) {
  as.double(c(unlist(lapply(weights, t)), unlist(biases)))
}

# The lists of weights and biases again; `flat` is as long as the network of these layers needs.
layered_parameters <- function(flat, layers) {
  inputs <- layers[-length(layers)]
  units <- layers[-1L]
  ends <- cumsum(c(inputs * units, units))
  part <- function(i, size) flat[ends[i] - size + seq_len(size)]
  depth <- length(units)
  list(
    weights = lapply(seq_len(depth), function(l) {
      matrix(part(l, inputs[l] * units[l]), units[l], inputs[l], byrow = TRUE)
    }),
    biases = lapply(seq_len(depth), function(l) part(depth + l, units[l]))
  )
}

# What an optimiser remembers, `parameters$memory_weights` and `memory_biases` (see optimizers.R),
# as the kernel's two arrays; a number stands for an array of it.
flat_memory <- function(parameters, optimizer) {
  full <- function(memory, like, name) {
    Map(function(of, array) {
      array[] <- if (is.null(name)) of else of[[name]]
      array
    }, memory, like)
  }
  one <- function(name) {
    kernel_parameters(
      full(parameters$memory_weights, parameters$weights, name),
      full(parameters$memory_biases, parameters$biases, name)
    )
  }
  names <- kernel_optimizers[[optimizer$name]]$memory
  if (is.null(names)) list(one(NULL), 0) else lapply(names, one)
}

# The optimiser's memory again, from the kernel's two arrays; `before` is what it was, and stays
# where there is no momentum to remember.
layered_memory <- function(states, layers, optimizer, before) {
  names <- kernel_optimizers[[optimizer$name]]$memory
  without_momentum <- identical(as.double(optimizer$momentum), 0)
  if (is.null(names) && without_momentum) {
    return(before)
  }
  first <- layered_parameters(states[[1L]], layers)
  if (is.null(names)) {
    return(list(memory_weights = first$weights, memory_biases = first$biases))
  }
  second <- layered_parameters(states[[2L]], layers)
  pair <- function(one, other, old) {
    if (without_momentum) other <- old[[names[2L]]]
    stats::setNames(list(one, other), names)
  }
  list(
    memory_weights = Map(pair, first$weights, second$weights, before$memory_weights),
    memory_biases = Map(pair, first$biases, second$biases, before$memory_biases)
  )
}

# C's view of a value: so many doubles or integers, or an error that no user should ever see.
kernel_doubles <- function(values, name, size) {
  if (!is.double(values) || length(values) != size) {
    stop(name, " must be ", size, " doubles, got ", length(values), " of type ", typeof(values))
  }
  values
}

kernel_integer <- function(value, name, least, most = .Machine$integer.max) {
  if (!(length(value) == 1L && value >= least && value <= most)) {
    stop(name, " must be from ", least, " to ", most, ", got ", paste(value, collapse = ", "))
  }
  as.integer(value)
}

# The code of a name.
kernel_code <- function(name, names) {
  code <- match(name, names) - 1L
  if (anyNA(code)) stop("the kernel has no ", paste(name, collapse = ", "))
  code
}

check_kernel_network <- function(layers, activations, rows) {
  if (length(layers) < 2L || length(activations) != length(layers) - 1L || !all(layers >= 1L)) {
    stop("layers must be at least 2, with an activation for all but the first")
  }
  if ("softmax" %in% activations[-length(activations)]) {
    stop("softmax must be the output layer's activation")
  }
  kernel_integer(rows, "rows", 1)
  kernel_integer(n_parameters(layers), "parameters", 1)
}

n_parameters <- function(layers) sum((layers[-length(layers)] + 1) * layers[-1L])

# A training that goes on from call to call, its data checked once: a function that makes the next
# updates. `x` (n_1, n) and `d` (n_L, n); `sample_weight` (n) of mean 1, or NULL; `dropout`, the
# rates of the hidden layers; `optimizer`, all its settings.
#
# `call(at, start, updates, made, rates, order, uniforms)` returns what the kernel makes of `at`, a
# list of flat `parameters`, `state_1`, `state_2`, `before` (the parameters before the epoch that is
# going on) and `total` (its running sum): the same list as they are then, with `costs`, of each
# epoch that was completed, `updates`, how many were made, and `code`, one of `kernel_codes`;
# `epoch`, from 0 in this call, `layer` and `neuron` of a failure. `start` is the batch of its
# epoch, from 0, that comes first; `made`, the updates that the optimiser made before; `rates`, the
# learning rate of each epoch that the call touches; `order` (n, epochs), their rows' order, from 0,
# or NULL; `uniforms`, dropout's, of all rows of the call.
kernel_trainer <- function(layers, activations, cost, rule, update_order, optimizer, x, d,
                           sample_weight, batch_size, dropout, clip_norm) {
  rows <- ncol(x)
  check_kernel_network(layers, activations, rows)
  size <- n_parameters(layers)
  hidden <- layers[-c(1L, length(layers))]
  dropout <- as.double(rep_len(dropout, length(hidden)))
  if (!all(dropout >= 0 & dropout < 1)) stop("dropout must be from 0 to below 1")
  batch_size <- kernel_integer(batch_size, "batch_size", 1, rows)
  batches <- ceiling(rows / batch_size)
  uniforms_per_row <- sum(hidden[dropout > 0])
  kernel_doubles(x, "x", rows * as.double(layers[1L]))
  kernel_doubles(d, "d", rows * as.double(layers[length(layers)]))
  weighted <- !is.null(sample_weight)
  sample_weight <- if (weighted) kernel_doubles(sample_weight, "sample_weight", rows) else 0
  layers <- as.integer(layers)
  codes <- kernel_code(activations, kernel_activations)
  fixed <- c(
    rows, batch_size, length(layers), kernel_code(cost, kernel_costs),
    kernel_code(rule, kernel_rules), update_order == "output_first",
    kernel_optimizers[[optimizer$name]]$code
  )
  of <- function(name, size = 1L) {
    if (is.null(optimizer[[name]])) numeric(size) else optimizer[[name]]
  }
  has_second <- !is.null(kernel_optimizers[[optimizer$name]]$memory)

  function(at, start, updates, made, rates, order = NULL, uniforms = NULL) {
    kernel_integer(start, "start", 0, batches - 1)
    kernel_integer(updates, "updates", 1)
    end <- start + updates
    epochs <- ceiling(end / batches)
    kernel_doubles(rates, "rates", epochs)
    for (name in c("parameters", "state_1", "before")) kernel_doubles(at[[name]], name, size)
    kernel_doubles(at$state_2, "state_2", if (has_second) size else length(at$state_2))
    kernel_doubles(at$total, "total", 1L)
    if (!is.null(order) && !(
      is.integer(order) && length(order) == epochs * rows && min(order) >= 0L && max(order) < rows
    )) {
      stop("order must be ", epochs, " orders of ", rows, " rows, from 0")
    }
    if (uniforms_per_row > 0) {
      rows_before <- function(batch) {
        (batch %/% batches) * rows + (batch %% batches) * batch_size
      }
      kernel_doubles(
        uniforms, "uniforms", (rows_before(end) - rows_before(start)) * uniforms_per_row
      )
    }
    settings <- as.integer(c(fixed, !is.null(order), weighted, start, updates))
    numbers <- as.double(c(
      of("weight_decay"), if (is.null(clip_norm)) 0 else clip_norm, made, of("momentum"),
      of("nesterov"), of("alpha"), of("eps"), of("betas", 2L), of("etas", 2L), of("step_sizes", 2L)
    ))
    out <- .Call(
      "kernel_train", settings, layers, codes, numbers, dropout, x, d, sample_weight,
      if (is.null(order)) 0L else order, if (is.null(uniforms)) 0 else uniforms, rates,
      at$parameters, at$state_1, at$state_2, at$before, at$total,
      PACKAGE = "twinprop"
    )
    status <- out$status
    out$status <- NULL
    out$costs <- out$costs[seq_len(status[5L])]
    c(out, list(
      code = kernel_codes[status[1L] + 1L], epoch = status[2L], layer = status[3L],
      neuron = status[4L], updates = status[6L]
    ))
  }
}

# z and a of the output layer, (n_L, n), and the exact cost (0 without targets) of a network's
# `weights` and `biases`; x (n_1, n), d (n_L, n).
kernel_forward <- function(layers, activations, weights, biases, x, d = NULL, cost = "half_mse",
                           weight_decay = 0, sample_weight = NULL) {
  rows <- ncol(x)
  check_kernel_network(layers, activations, rows)
  flat <- kernel_doubles(kernel_parameters(weights, biases), "parameters", n_parameters(layers))
  kernel_doubles(x, "x", rows * as.double(layers[1L]))
  if (!is.null(d)) kernel_doubles(d, "d", rows * as.double(layers[length(layers)]))
  if (!is.null(sample_weight)) kernel_doubles(sample_weight, "sample_weight", rows)
  out <- .Call(
    "kernel_forward",
    as.integer(c(
      rows, 1L, length(layers), if (is.null(d)) -1L else kernel_code(cost, kernel_costs),
      0L, 0L, 0L, 0L, !is.null(sample_weight), 0L, 0L
    )),
    as.integer(layers), kernel_code(activations, kernel_activations),
    c(as.double(weight_decay), numeric(12L)), x, if (is.null(d)) 0 else d,
    if (is.null(sample_weight)) 0 else sample_weight, flat,
    PACKAGE = "twinprop"
  )
  if (out$status[1L] != 0L) stop(kernel_codes[out$status[1L] + 1L])
  out
}
