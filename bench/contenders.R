# The contenders in R: ours, AMORE, ANN2, deepnet, nnet, RSNNS, neuralnet.
#
# Twins: contenders.py (which says what is asked and answered), contenders.mjs. Settings that cannot
# be those of the plan, or that a package does not let one choose, are said in `note`.

read_numbers <- function(task, name, n) {
  readBin(file.path(task$folder, paste0(name, ".bin")), "double", n, size = 8L, endian = "little")
}

# Written column by column, as R has them: no copy is made here.
read_matrix <- function(task, name, columns) {
  values <- read_numbers(task, paste0(name, "_columns"), task$plan$rows * columns)
  dim(values) <- c(task$plan$rows, columns)
  values
}

read_task <- function(folder) {
  task <- list(folder = folder)
  task$plan <- jsonlite::fromJSON(file.path(folder, "plan.json"))
  layers <- task$layers <- task$plan$layers
  task$x <- read_matrix(task, "x", layers[1L])
  task$d <- read_matrix(task, "d", layers[length(layers)])
  sizes <- layers[-1L] * layers[-length(layers)]
  flat <- read_numbers(task, "start", sum(sizes) + sum(layers[-1L]))
  ends <- cumsum(c(sizes, layers[-1L]))
  starts <- c(0, ends[-length(ends)])
  parts <- Map(function(from, to) flat[seq(from + 1, to)], starts, ends)
  depth <- length(sizes)
  task$weights <- lapply(seq_len(depth), function(l) {
    matrix(parts[[l]], layers[l + 1L], layers[l], byrow = TRUE)
  })
  task$biases <- parts[depth + seq_len(depth)]
  task
}

# Parameters as start.bin has them.
flatten <- function(weights, biases) {
  as.double(c(unlist(lapply(weights, t)), unlist(biases)))
}

timed <- function(code) {
  started <- as.numeric(Sys.time()) # microseconds; proc.time() tells milliseconds
  force(code)
  as.numeric(Sys.time()) - started
}

result <- function(task, seconds, call = seconds, updates = NULL, passes = task$plan$epochs) {
  if (is.null(updates)) updates <- task$plan$epochs * ceiling(task$plan$rows / task$plan$batch)
  list(seconds = seconds, call = call, updates = updates, passes = passes)
}

not_here <- function(...) {
  stop(structure(class = c("not_here", "error", "condition"), list(message = paste0(...))))
}

need <- function(package) {
  if (!requireNamespace(package, quietly = TRUE)) not_here("not installed")
}

one_output <- function(task) ncol(task$d) == 1L
has_softmax <- function(task) utils::tail(task$plan$activations, 1L) == "softmax"

kernel_note <- function() {
  available <- get0("tp_kernel_available", asNamespace("twinprop"))
  if (is.null(available)) available <- get0("kernel_available", asNamespace("twinprop"))
  if (!is.null(available) && isTRUE(available())) "with the kernel" else "without the kernel"
}

# tp_train(). Its seconds, less those of a call with 0 epochs (the exact costs).
ours <- function(task, arithmetic = NULL, update_order = "simultaneous") {
  need("twinprop")
  plan <- task$plan
  if (!is.null(arithmetic)) {
    if (!"arithmetic" %in% names(formals(twinprop::tp_train))) not_here("not in this version")
    if (plan$rows * sum(task$layers) > 1e6 && kernel_note() == "without the kernel") {
      not_here("takes too long without the kernel")
    }
  }
  tp_train <- twinprop::tp_train
  if (!is.null(arithmetic)) formals(tp_train)$arithmetic <- arithmetic
  network <- twinprop::tp_network(
    task$layers, plan$activations, weights = task$weights, biases = task$biases
  )
  train <- function(epochs) {
    withCallingHandlers(
      tp_train(
        network, task$x, task$d,
        cost = plan$cost, update_order = update_order, batch_size = plan$batch, epochs = epochs,
        optimizer = twinprop::tp_optimizer("sgd", plan$rate)
      ),
      twinprop_warning = function(w) invokeRestart("muffleWarning")
    )
  }
  last <- NULL
  list(
    run = function() {
      empty <- min(replicate(if (plan$rows < 1000) 3L else 1L, train(0)$seconds))
      call <- timed(run <- train(plan$epochs))
      last <<- list(weights = run$weights, biases = run$biases)
      result(task, run$seconds - empty, call)
    },
    parameters = function() flatten(last$weights, last$biases),
    note = kernel_note()
  )
}

# Online where the plan is; else its sums over all rows, the nearest that it has.
amore <- function(task) {
  need("AMORE")
  plan <- task$plan
  online <- plan$batch == 1
  method <- if (online) "ADAPTgd" else "BATCHgd"
  net <- AMORE::newff(
    task$layers, plan$rate, error.criterium = "LMS",
    hidden.layer = "sigmoid", output.layer = "sigmoid", method = method
  )
  weights <- unlist(lapply(task$weights, function(w) unname(split(w, row(w)))), recursive = FALSE)
  biases <- unlist(task$biases)
  for (i in seq_along(net$neurons)) {
    net$neurons[[i]]$weights <- weights[[i]]
    net$neurons[[i]]$bias <- biases[i]
  }
  train <- function(epochs) {
    AMORE::train(
      net, task$x, task$d,
      error.criterium = "LMS", report = FALSE, show.step = epochs, n.shows = 1
    )
  }
  last <- NULL
  list(
    run = function() {
      empty <- min(replicate(3L, timed(train(0))))
      call <- timed(trained <- train(plan$epochs))
      last <<- trained$net$neurons
      updates <- plan$epochs * if (online) plan$rows else 1
      result(task, call - empty, call, updates = updates)
    },
    parameters = if (online && !has_softmax(task)) {
      function() {
        flatten(lapply(last, `[[`, "weights"), vapply(last, `[[`, 0, "bias"))
      }
    },
    note = paste0(
      method, if (online) ": output layer first" else ": an update per epoch",
      if (has_softmax(task)) ", squares and sigmoid outputs"
    )
  )
}

ann2 <- function(task) {
  need("ANN2")
  plan <- task$plan
  softmax <- has_softmax(task)
  y <- if (softmax) max.col(task$d) else task$d
  list(
    run = function() {
      seconds <- timed(ANN2::neuralnetwork(
        task$x, y,
        hidden.layers = task$layers[-c(1L, length(task$layers))], regression = !softmax,
        standardize = FALSE, loss.type = if (softmax) "log" else "squared",
        activ.functions = "sigmoid", optim.type = "sgd", learn.rates = plan$rate,
        sgd.momentum = 0, n.epochs = plan$epochs, batch.size = plan$batch, drop.last = FALSE,
        val.prop = 0, verbose = FALSE, random.seed = 1
      ))
      result(task, seconds)
    },
    note = paste0(
      "whole call; own starting weights, shuffles", if (!softmax) ", linear output"
    )
  )
}

deepnet <- function(task) {
  need("deepnet")
  plan <- task$plan
  # its batches of a single row lose their dimension
  if (plan$batch == 1) not_here("cannot train online")
  last <- NULL
  list(
    run = function() {
      seconds <- timed(suppressMessages(trained <- deepnet::nn.train(
        task$x, task$d,
        initW = task$weights, initB = task$biases,
        hidden = task$layers[-c(1L, length(task$layers))], activationfun = "sigm",
        learningrate = plan$rate, momentum = 0,
        output = if (has_softmax(task)) "softmax" else "sigm",
        numepochs = plan$epochs, batchsize = plan$batch
      )))
      result(task, seconds)
    },
    note = "shuffles"
  )
}

# BFGS on all rows. One more call with 0 iterations is taken off. What it evaluates is counted by
# base R's optim(), whose BFGS is the same, from the same start: a gradient is a pass, a cost alone
# half of one.
nnet <- function(task) {
  need("nnet")
  plan <- task$plan
  softmax <- has_softmax(task)
  linear <- utils::tail(plan$activations, 1L) == "identity"
  hidden <- task$layers[2L]
  start <- c(
    t(cbind(task$biases[[1L]], task$weights[[1L]])), t(cbind(task$biases[[2L]], task$weights[[2L]]))
  )
  train <- function(iterations) {
    nnet::nnet(
      task$x, task$d,
      size = hidden, Wts = start, softmax = softmax, linout = linear,
      maxit = iterations, abstol = -1, reltol = 0, trace = FALSE, MaxNWts = length(start)
    )
  }
  counts <- count_evaluations(task, start, softmax, linear)
  list(
    run = function() {
      empty <- min(replicate(if (plan$rows < 1000) 3L else 1L, timed(train(0))))
      call <- timed(train(plan$epochs))
      passes <- counts[["gradient"]] + (counts[["function"]] - 1) / 2
      result(task, call - empty, call, updates = plan$epochs, passes = passes)
    },
    note = sprintf(
      "BFGS on all rows, %d iterations: %d gradients, %d more costs", plan$epochs,
      as.integer(counts[["gradient"]]), as.integer(counts[["function"]] - counts[["gradient"]])
    )
  )
}

count_evaluations <- function(task, start, softmax, linear) {
  inputs <- cbind(1, task$x)
  hidden <- task$layers[2L]
  first <- seq_len(hidden * ncol(inputs))
  forward <- function(w) {
    a <- stats::plogis(inputs %*% matrix(w[first], ncol(inputs)))
    z <- cbind(1, a) %*% matrix(w[-first], hidden + 1L)
    output <- if (softmax) {
      scores <- exp(z - apply(z, 1L, max))
      scores / rowSums(scores)
    } else if (linear) {
      z
    } else {
      stats::plogis(z)
    }
    list(a = a, output = output)
  }
  cost <- function(w) {
    output <- forward(w)$output
    if (softmax) -sum(task$d * log(pmax(output, 1e-300))) else sum((output - task$d)^2)
  }
  gradient <- function(w) {
    passed <- forward(w)
    delta <- passed$output - task$d
    if (!softmax) delta <- 2 * delta
    if (!softmax && !linear) delta <- delta * passed$output * (1 - passed$output)
    out <- matrix(w[-first], hidden + 1L)[-1L, , drop = FALSE]
    back <- tcrossprod(delta, out) * passed$a * (1 - passed$a)
    c(crossprod(inputs, back), crossprod(cbind(1, passed$a), delta))
  }
  control <- list(maxit = task$plan$epochs, abstol = -1, reltol = 0)
  stats::optim(start, cost, gradient, method = "BFGS", control = control)$counts
}

rsnns <- function(task) {
  need("RSNNS")
  plan <- task$plan
  list(
    run = function() {
      seconds <- timed(RSNNS::mlp(
        task$x, task$d,
        size = task$layers[-c(1L, length(task$layers))], maxit = plan$epochs,
        learnFunc = "Std_Backpropagation", learnFuncParams = c(plan$rate, 0),
        shufflePatterns = FALSE
      ))
      result(task, seconds, updates = plan$epochs * plan$rows)
    },
    note = paste0(
      "whole call; online, float32, own starting weights",
      if (has_softmax(task)) ", squares and sigmoid outputs"
    )
  )
}

neuralnet <- function(task) {
  need("neuralnet")
  plan <- task$plan
  inputs <- paste0("x", seq_len(ncol(task$x)))
  outputs <- paste0("d", seq_len(ncol(task$d)))
  data <- stats::setNames(data.frame(task$x, task$d), c(inputs, outputs))
  formula <- stats::as.formula(
    paste(paste(outputs, collapse = " + "), "~", paste(inputs, collapse = " + "))
  )
  start <- Map(function(w, b) rbind(b, t(w)), task$weights, task$biases)
  list(
    run = function() {
      seconds <- timed(suppressWarnings(neuralnet::neuralnet(
        formula, data,
        hidden = task$layers[2L], algorithm = "backprop", learningrate = plan$rate / plan$rows,
        startweights = start, stepmax = plan$epochs, threshold = 1e-300, linear.output = FALSE
      )))
      result(task, seconds, updates = plan$epochs)
    },
    note = paste0(
      "whole call; an update per epoch", if (has_softmax(task)) ", squares and sigmoid outputs"
    )
  )
}

contenders <- list(
  R = ours,
  "R, kernel off" = ours,
  "R, portable" = function(task) ours(task, "portable"),
  "R, output first" = function(task) ours(task, update_order = "output_first"),
  AMORE = amore,
  ANN2 = ann2,
  deepnet = deepnet,
  nnet = nnet,
  RSNNS = rsnns,
  neuralnet = neuralnet
)

version <- function(name) {
  package <- if (startsWith(name, "R")) "twinprop" else name
  if (name == "RSNNS") package <- "RSNNS"
  words <- paste0(
    package, " ", utils::packageVersion(package), ", R ", getRversion(),
    if (package == "twinprop") paste0(", ", kernel_note())
  )
  list(version = words, blas = unname(extSoftVersion()["BLAS"]))
}

# The system's own figure of the most memory this process ever had; NULL where it has none.
peak_bytes <- function() {
  if (!file.exists("/proc/self/status")) {
    return(NULL)
  }
  line <- grep("^VmHWM:", readLines("/proc/self/status"), value = TRUE)
  as.numeric(strsplit(line, "[[:space:]]+")[[1L]][2L]) * 1024
}

answer <- function(values) {
  line <- jsonlite::toJSON(values, auto_unbox = TRUE, digits = NA, null = "null")
  cat("\nBENCH ", line, "\n", sep = "") # a package may have left its own line open
  flush(stdout())
}

main <- function(name) {
  input <- file("stdin", "r")
  ready <- NULL
  while (length(line <- readLines(input, n = 1L)) > 0L) {
    request <- jsonlite::fromJSON(line)
    tryCatch(
      if (!is.null(request$load)) {
        ready <- NULL
        ready <- contenders[[name]](read_task(request$load))
        answer(c(list(note = ready$note), version(name)))
      } else if (!is.null(request$run)) {
        answer(ready$run())
      } else if (!is.null(request$parameters)) {
        if (!is.null(ready$parameters)) {
          writeBin(ready$parameters(), request$parameters, size = 8L, endian = "little")
        }
        answer(list(written = !is.null(ready$parameters)))
      } else if (!is.null(request[["import"]])) {
        version(name)
        loadNamespace(if (name == "RSNNS" || !startsWith(name, "R")) name else "twinprop")
        answer(list(there = TRUE))
      } else if (!is.null(request$peak)) {
        answer(list(bytes = peak_bytes()))
      } else {
        return(invisible())
      },
      not_here = function(reason) answer(list(absent = conditionMessage(reason)))
    )
  }
}

main(commandArgs(trailingOnly = TRUE))
