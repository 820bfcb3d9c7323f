# The proof: the same plans on every engine, and how far apart they are. Twin:
# python/twinprop/crosscheck.py (there also python/twinprop/engines.py)

# After one update results differ by a few roundings: the last bit of exp (V8), two of tanh (numpy),
# and the order of sums (BLAS). A thousand updates carry these on. Section 10 of the contract.
crosscheck_tolerances <- c(
  after_1 = 1e-12, after_10 = 1e-10, after_1000 = 1e-10, weights = 1e-10, outputs = 1e-10,
  errors = 1e-10, costs = 1e-10
)

#' Prove that every language gives the same errors and the same updated weights
#'
#' Trains the same plans in R, in Python and in JavaScript (by plan files, in processes of their
#' own) and compares the results with R's. Each language computes by its own code: none by the
#' kernel in C, which Python and R share. From Python, `twinprop crosscheck` does the same and adds
#' torch as referee.
#'
#' @param datasets Names from [tp_dataset_names()].
#' @param engines Which to hold against R: `"python"` (found by the environment variable
#'   `TWINPROP_PYTHON`, else `python3`) and `"js"` (node). One that is missing is named, with what
#'   to install, and the others still run.
#' @param require Engines whose absence makes the result a failure.
#' @param progress Whether to say which plan is being trained.
#' @param x What `tp_crosscheck()` returned.
#' @param each Whether to print a line for every plan; else a line for each data set and engine,
#'   with the largest difference over its rules and costs.
#' @param ... Not used.
#' @return A data frame of class `tp_crosscheck`, a row for each plan and engine: `dataset`,
#'   `network` (`"mlp"`, or `"p5"` for what the p5.js lesson's network does), `rule`, `cost`,
#'   `engine`; the largest relative differences of the weights after 1, 10 and 1,000 updates
#'   (`after_1`, `after_10`, `after_1000`) and at the end (`weights`), of `outputs`, `errors` and
#'   `costs`; `seconds`, the engine's own time; `agrees`; `error`, why there is no run. The
#'   attributes `agrees`, `missing` and `verdict` hold the result. One plan of each data set is
#'   trained in portable arithmetic too, and compared bit by bit: the attribute `portable` is a data
#'   frame of `dataset`, `rule`, `cost`, `engine`, `fingerprint`, `agrees`, `first`, the first
#'   number with other bits, and `error`. A part of the result is a plain data frame.
#' @section Errors: `twinprop_input_error` if a data set or an engine is unknown.
#' @seealso [tp_run()]
#' @examples
#' # R alone, so that it needs nothing else
#' tp_crosscheck("xor", engines = character())
#' \dontrun{
#' tp_crosscheck()
#' }
#' @export
tp_crosscheck <- function(datasets = tp_dataset_names(), engines = c("python", "js"),
                          require = character(), progress = interactive()) {
  check_names(datasets, "datasets", tp_dataset_names())
  check_names(engines, "engines", names(outside_engines))
  check_names(require, "require", names(outside_engines))
  progress <- check_switch(progress, "progress")
  before <- Sys.getenv("TWINPROP_KERNEL", NA)
  on.exit(turn_kernel(before))
  turn_kernel("off")

  wanted <- union(engines, require)
  missing <- unlist(lapply(stats::setNames(nm = wanted), function(name) {
    outside_engines[[name]]$missing()
  }))
  present <- setdiff(engines, names(missing))
  by_dataset <- lapply(datasets, make_checks)
  checks <- unlist(by_dataset, recursive = FALSE)
  portable <- if (length(present) > 0L) lapply(by_dataset, portable_check)
  total <- length(checks) + length(portable)
  rows <- lapply(seq_along(checks), function(i) {
    check <- checks[[i]]
    if (progress) {
      message(i, "/", total, " ", check$dataset, " ", check$rule, " ", check$cost)
    }
    crosscheck_rows(check, present)
  })
  table <- do.call(rbind, c(list(no_crosscheck_rows()), unlist(rows, recursive = FALSE)))
  bits <- do.call(rbind, c(list(no_portable_rows()), lapply(seq_along(portable), function(i) {
    if (progress) message(length(checks) + i, "/", total, " ", datasets[[i]], " portable")
    portable_rows(portable[[i]], present)
  })))
  structure(
    table,
    class = c("tp_crosscheck", "data.frame"),
    agrees = all(table$agrees) && all(bits$agrees) && !any(require %in% names(missing)),
    missing = missing,
    portable = bits,
    verdict = crosscheck_verdict(table, c("r", present), names(missing), require, bits)
  )
}

check_names <- function(value, name, allowed) {
  if (!is.character(value)) {
    input_error(name, " must be a list of names, got ", describe(value))
  }
  for (i in seq_along(value)) {
    check_choice(value[[i]], paste(name, "entry", i), allowed)
  }
}

# The plans that are trained on a data set: every rule with every cost that fits. Their settings are
# in inst/js/crosscheck.json, from where Python takes them too.
make_checks <- function(dataset) {
  settings <- jsonlite::read_json(
    system.file("js", "crosscheck.json", package = "twinprop", mustWork = TRUE),
    simplifyVector = TRUE
  )
  setting <- settings$settings[[dataset]]
  description <- dataset_description(dataset, "datasets")
  data <- dataset_plan_data(dataset)
  classes <- description$columns[[description$outputs[[1L]]]]$type == "factor"

  check <- function(rule, cost, name = "mlp", ...) {
    network <- description$network
    if (is.null(network)) {
      network <- list(
        layers = c(ncol(data$x), setting$hidden, ncol(data$d)),
        init = if (name == "p5") "uniform" else "xavier"
      )
    }
    hidden <- rep("sigmoid", length(network$layers) - 2L)
    softmax <- cost == "cross_entropy" && classes
    network$activations <- as.list(c(hidden, if (softmax) "softmax" else setting$output))
    learning_rate <- setting$learning_rate
    if (rule == "proportional") {
      # Weights of one sign, as in textbook drawings, that stay so: where a sum of weights
      # crosses 0, this rule amplifies the last bit of anything to the first digit.
      learning_rate <- learning_rate * settings$proportional_factor
      if (is.null(network$weights)) {
        network$weights <- lapply(tp_starting_weights(network$layers)$weights, abs)
      }
    }
    training <- utils::modifyList(
      list(
        cost = cost, rule = rule, optimizer = list(learning_rate = learning_rate),
        batch_size = setting$batch_size, shuffle = setting$shuffle, snapshots = settings$snapshots
      ),
      list(...)
    )
    updates_per_epoch <- ceiling(nrow(data$x) / training$batch_size)
    training$epochs <- ceiling(max(settings$snapshots) / updates_per_epoch)
    plan <- list(network = network, training = training, data = list(dataset = dataset))
    list(
      dataset = dataset, rule = rule, cost = cost, network = name, plan = tp_read_plan(plan)
    )
  }

  squared <- setting$output != "sigmoid"
  costs <- if (squared) setdiff(settings$costs, "cross_entropy") else settings$costs
  checks <- list()
  for (rule in settings$rules) {
    for (cost in costs) checks <- c(checks, list(check(rule, cost)))
  }
  if (!squared) {
    # The best-known p5.js network: online, the error sent back through weights that have already
    # moved, without f'.
    p5 <- check(
      "transpose", "half_sse", "p5",
      update_order = "output_first", batch_size = 1,
      optimizer = list(learning_rate = settings$p5_learning_rate)
    )
    checks <- c(checks, list(p5))
  }
  checks
}

# One of a data set's plans in portable arithmetic: its last cost by the gradient.
portable_check <- function(checks) {
  check <- utils::tail(Filter(function(check) check$rule == "gradient", checks), 1L)[[1L]]
  check$plan$training$arithmetic <- "portable"
  check
}

# One plan in portable arithmetic on R and on the engines that are there: a data frame.
portable_rows <- function(check, present) {
  reference <- attempt_run(train_plan, check$plan)
  rows <- lapply(present, function(name) {
    run <- attempt_run(outside_engines[[name]]$run, check$plan)
    trained <- is.list(run)
    first <- if (trained && is.list(reference)) first_difference(run, reference)
    same <- if (trained && is.list(reference)) is.null(first) else identical(run, reference)
    data.frame(
      check[c("dataset", "rule", "cost")],
      engine = name,
      fingerprint = if (trained) {
        fingerprint_of(run$cost, run$weights, run$biases)
      } else {
        NA_character_
      },
      agrees = same,
      first = if (is.null(first)) NA_character_ else first,
      error = if (trained || same) NA_character_ else as.character(run)[[1L]],
      stringsAsFactors = FALSE
    )
  })
  do.call(rbind, rows)
}

no_portable_rows <- function() {
  text <- character()
  data.frame(
    dataset = text, rule = text, cost = text, engine = text, fingerprint = text,
    agrees = logical(), first = text, error = text, stringsAsFactors = FALSE
  )
}

# The first number, in the fingerprint's order, in which a run has other bits than the reference, in
# words; NULL if there is none.
first_difference <- function(run, reference) {
  shape <- function(array) if (is.null(dim(array))) length(array) else dim(array)
  # R holds a matrix column by column, and the fingerprint goes row by row
  in_order <- function(array) if (is.matrix(array)) t(array) else array
  differs <- function(p, q, stage, place) {
    if (!identical(shape(p), shape(q))) {
      return(paste("the shape of the", stage))
    }
    p <- as.vector(in_order(p))
    q <- as.vector(in_order(q))
    at <- which(!mapply(identical, p, q, num.eq = FALSE))[1L]
    if (!is.na(at)) sprintf("%s, by %.0f ulp", place(at), ulps_between(p[at], q[at]))
  }
  found <- differs(run$cost, reference$cost, "cost", function(at) paste("the cost of epoch", at))
  for (stage in c("weights", "biases")) {
    for (i in seq_len(max(length(run[[stage]]), length(reference[[stage]])))) {
      if (!is.null(found)) break
      one <- function(from) if (i <= length(from[[stage]])) from[[stage]][[i]]
      inputs <- ncol(one(run))
      found <- differs(one(run), one(reference), paste(stage, "of layer", i + 1L), function(at) {
        if (stage == "biases") {
          return(sprintf("the bias of neuron %d of layer %d", at, i + 1L))
        }
        sprintf(
          "the weight from neuron %d of layer %d to neuron %d of layer %d",
          (at - 1L) %% inputs + 1L, i, (at - 1L) %/% inputs + 1L, i + 1L
        )
      })
    }
  }
  found
}

# How many float64 steps two numbers are apart; from -0 to 0 it is one.
ulps_between <- function(p, q) {
  # the bits without the sign, as a high and a low half, which are exact
  halves <- function(value) {
    words <- readBin(writeBin(abs(value), raw(), endian = "big"), "integer", 2L, endian = "big")
    words[2L] <- if (is.na(words[2L])) 2^31 else words[2L]
    c(words[1L], words[2L] %% 2^32)
  }
  negative <- function(value) value < 0 || (value == 0 && 1 / value < 0)
  steps <- function(pair) pair[1L] * 2^32 + pair[2L]
  if (negative(p) != negative(q)) {
    return(steps(halves(p) + halves(q)) + 1)
  }
  abs(steps(halves(p) - halves(q)))
}

attempt_run <- function(train, plan) {
  tryCatch(train(plan), twinprop_error = function(e) conditionMessage(e))
}

# One plan on R and on the engines that are there: a list of rows.
crosscheck_rows <- function(check, present) {
  reference <- attempt_run(train_plan, check$plan)
  lapply(present, function(name) {
    run <- attempt_run(outside_engines[[name]]$run, check$plan)
    trained <- is.list(run) && is.list(reference)
    same <- !trained && identical(run, reference)
    differences <- if (trained) {
      run_differences(run, reference)
    } else {
      stats::setNames(rep(if (same) 0 else Inf, length(crosscheck_tolerances)),
                      names(crosscheck_tolerances))
    }
    data.frame(
      check[c("dataset", "network", "rule", "cost")],
      engine = name, as.list(differences), seconds = if (trained) run$seconds else 0,
      agrees = all(differences <= crosscheck_tolerances),
      error = if (trained || same) NA_character_ else as.character(run)[[1L]],
      stringsAsFactors = FALSE
    )
  })
}

no_crosscheck_rows <- function() {
  text <- character()
  number <- numeric()
  data.frame(
    dataset = text, network = text, rule = text, cost = text, engine = text, after_1 = number,
    after_10 = number, after_1000 = number, weights = number, outputs = number, errors = number,
    costs = number,
    seconds = number,
    agrees = logical(), error = text, stringsAsFactors = FALSE
  )[0L, ]
}

# How far a run is from the reference, group by group, relative to the group's size; Inf where a
# shape differs, a field is missing or a value is not finite.
run_differences <- function(run, reference) {
  kept <- function(from, updates) {
    for (snapshot in from$snapshots) {
      if (snapshot$updates == updates) {
        return(c(snapshot$weights, snapshot$biases))
      }
    }
    NULL
  }
  costs <- function(from) list(from$initial_cost, from$cost, from$final_cost)
  after <- function(updates) group_difference(kept(run, updates), kept(reference, updates))
  c(
    after_1 = after(1), after_10 = after(10), after_1000 = after(1000),
    weights = group_difference(
      c(run$weights, run$biases), c(reference$weights, reference$biases)
    ),
    outputs = group_difference(list(run$outputs), list(reference$outputs)),
    # An error is a small difference of outputs of this size.
    errors = group_difference(
      list(run$errors), list(reference$errors), max(abs(reference$outputs))
    ),
    costs = group_difference(costs(run), costs(reference))
  )
}

# max abs(p - q) / max abs(q) of a group of arrays; Inf if it cannot be compared.
group_difference <- function(found, reference, size = NULL) {
  shape <- function(array) if (is.null(dim(array))) length(array) else dim(array)
  if (length(reference) == 0L ||
        !identical(lapply(found, shape), lapply(reference, shape))) {
    return(Inf)
  }
  p <- unlist(found)
  q <- unlist(reference)
  if (!all(is.finite(p)) || !all(is.finite(q))) {
    return(Inf)
  }
  worst <- max(abs(p - q))
  if (worst == 0) {
    return(0)
  }
  if (is.null(size)) size <- max(abs(q))
  if (size > 0) worst / size else Inf
}

# The engines that are programs of their own: `missing()` gives NULL or what to install, `run(plan)`
# a run. They read a plan file and write a run file.
outside_engines <- list(
  python = list(
    missing = function() {
      found <- suppressWarnings(system2(
        python_command(), c("-m", "twinprop", "--version"),
        stdout = FALSE, stderr = FALSE
      ))
      if (found != 0) {
        paste0(
          "install the Python package: pip install twinprop, for the Python that the environment ",
          "variable TWINPROP_PYTHON names (now ", python_command(), ")"
        )
      }
    },
    run = function(plan) {
      run_by_files("python", python_command(), c("-m", "twinprop", "run"), "-o", plan)
    }
  ),
  js = list(
    missing = function() {
      new_enough <- "process.exit(parseInt(process.versions.node) >= 18 ? 0 : 1)"
      if (!nzchar(Sys.which("node")) || system2("node", c("-e", shQuote(new_enough))) != 0) {
        "install node (18 or newer; on Debian or Ubuntu: apt-get install nodejs)"
      }
    },
    run = function(plan) {
      script <- system.file("js", "run.js", package = "twinprop", mustWork = TRUE)
      run_by_files("js", "node", shQuote(script), NULL, plan)
    }
  )
)

python_command <- function() {
  Sys.getenv("TWINPROP_PYTHON", "python3")
}

# Write the plan, let a program train it, read the run.
run_by_files <- function(name, command, before, output_option, plan) {
  plan_file <- tempfile("plan-", fileext = ".json")
  run_file <- tempfile("run-", fileext = ".json")
  errors <- tempfile("errors-")
  on.exit(unlink(c(plan_file, run_file, errors)))
  writeLines(plan_json(plan), plan_file, useBytes = TRUE)
  status <- suppressWarnings(system2(
    command, c(before, shQuote(plan_file), output_option, shQuote(run_file)),
    stdout = FALSE, stderr = errors
  ))
  if (status != 0) {
    printed <- paste(readLines(errors, warn = FALSE), collapse = "\n")
    message <- sub("^Error: ", "", printed)
    # The training's own errors are passed on as they are.
    if (grepl("^(the cost|rule \")", message)) {
      stop(tp_condition("twinprop_divergence_error", message))
    }
    stop(tp_condition("twinprop_engine_error", paste0("engine \"", name, "\" failed: ", message)))
  }
  read_run(run_file)
}

# A run file as tp_run() gives it: matrices and vectors.
read_run <- function(path) {
  run <- jsonlite::read_json(path)
  numbers <- function(values) as.numeric(unlist(values))
  matrix_of <- function(rows) {
    matrix(numbers(rows), nrow = length(rows), byrow = TRUE)
  }
  parameters <- function(from) {
    from$weights <- lapply(from$weights, matrix_of)
    from$biases <- lapply(from$biases, numbers)
    from
  }
  run$cost <- numbers(run$cost)
  run$outputs <- matrix_of(run$outputs)
  run$errors <- matrix_of(run$errors)
  run$snapshots <- lapply(run$snapshots, parameters)
  parameters(run)
}

# A checked plan as its file has it.
plan_json <- function(plan) {
  value <- function(x) {
    if (is.null(x)) {
      return("null")
    }
    if (is.matrix(x)) {
      return(json_matrix(x))
    }
    if (is.list(x)) {
      entries <- vapply(x, value, "")
      return(if (is.null(names(x))) json_array(entries) else json_object(entries))
    }
    if (is.character(x)) {
      return(quoted(x))
    }
    if (is.logical(x)) {
      return(if (x) "true" else "false")
    }
    json_number(x)
  }
  # Which vectors are arrays, also where they have one entry.
  network <- plan$network
  network$layers <- as.list(network$layers)
  network$activations <- as.list(unname(network$activations))
  if (!is.null(network$biases)) network$biases <- lapply(network$biases, as.list)
  training <- plan$training
  training$snapshots <- as.list(training$snapshots)
  pairs <- intersect(c("betas", "etas", "step_sizes"), names(training$optimizer))
  training$optimizer[pairs] <- lapply(training$optimizer[pairs], as.list)
  value(list(
    format = plan_format, network = network, training = training,
    data = list(x = plan$x, d = plan$d)
  ))
}

crosscheck_verdict <- function(table, engines, missing, required, bits = no_portable_rows()) {
  listed <- function(names) paste(names, collapse = ", ")
  named <- if (length(missing) > 0L) paste0(" Missing: ", listed(missing), ".") else ""
  differing <- table[!table$agrees, ]
  if (nrow(differing) > 0L) {
    first <- differing[1L, ]
    return(paste0(
      "DIFFERS: ", nrow(differing), " of ", nrow(table), " comparisons, the first on ",
      first$engine, ": ", first$dataset, ", rule ", first$rule, ", cost ", first$cost, ".", named
    ))
  }
  other_bits <- bits[!bits$agrees, ]
  if (nrow(other_bits) > 0L) {
    return(paste0(
      "DIFFERS: ", nrow(other_bits), " of ", nrow(bits), " trainings in portable arithmetic, the ",
      "first on ", other_bits$engine[1L], ": ", other_bits$dataset[1L], ".", named
    ))
  }
  if (any(required %in% missing)) {
    return(paste0("INCOMPLETE: required, but missing: ", listed(intersect(required, missing)), "."))
  }
  if (nrow(table) == 0L) {
    return(paste0("Nothing compared: no engine but R is here.", named))
  }
  plans <- nrow(unique(table[c("dataset", "network", "rule", "cost")]))
  worst <- max(unlist(table[names(crosscheck_tolerances)]))
  sprintf(
    paste0(
      "All agree: %s give the same errors and the same updated weights in all %d plans ",
      "(largest relative difference %.1e)%s.%s"
    ),
    listed(engines), plans, worst,
    if (nrow(bits) > 0L) {
      paste0(
        "; in portable arithmetic ", listed(c("r", unique(bits$engine))), " give the same bits"
      )
    } else {
      ""
    },
    named
  )
}

# The verdict is on the whole, and its columns are those that print() shows.
#' @export
`[.tp_crosscheck` <- function(x, ...) {
  class(x) <- "data.frame"
  attributes(x)[c("agrees", "missing", "portable", "verdict")] <- NULL
  x[...]
}

#' @rdname tp_crosscheck
#' @export
print.tp_crosscheck <- function(x, each = FALSE, ...) {
  columns <- names(crosscheck_tolerances)
  cat(
    "Largest relative difference from R: weights after 1, 10 and 1,000 updates and at the end, ",
    "outputs, errors, costs.\n", sprintf("%-48s%-8s", "", "engine"),
    sprintf(
      "%9s", c("1 update", "10", "1,000", "weights", "outputs", "errors", "costs", "seconds")
    ),
    "\n",
    sep = ""
  )
  plan <- paste0(
    x$dataset, "  ", ifelse(x$network == "p5", "p5.js network", paste0(x$rule, ", ", x$cost))
  )
  label <- ifelse(each | x$network == "p5", plan, x$dataset)
  group <- paste(label, x$engine, sep = "\r")
  shown <- ""
  line <- function(label, rows) {
    cells <- vapply(rows[columns], max, 0)
    cat(
      sprintf("%-48s%-8s", if (label == shown) "" else label, rows$engine[[1L]]),
      ifelse(is.finite(cells), sprintf("%9.1e", cells), sprintf("%9s", "-")),
      sprintf("%9.2f  %s", sum(rows$seconds), if (all(rows$agrees)) "agree" else "DIFFERS"),
      if (nrow(rows) == 1L && !is.na(rows$error)) paste0(" (", rows$error, ")"), "\n",
      sep = ""
    )
    shown <<- label
  }
  for (key in unique(group)) {
    rows <- as.data.frame(x)[group == key, ]
    of_group <- label[group == key][[1L]]
    if (nrow(rows) > 1L) {
      of_group <- paste0(of_group, "  ", nrow(rows), " plans, the worst of each")
    }
    line(of_group, rows)
  }
  if (!each) {
    for (i in which(!x$agrees & x$network != "p5")) line(plan[[i]], as.data.frame(x)[i, ])
  }
  missing <- attr(x, "missing")
  if (length(missing) > 0L) {
    cat("\n", paste0(names(missing), " is missing: ", missing, "\n"), sep = "")
  }
  print_portable(attr(x, "portable"))
  cat("\n", attr(x, "verdict"), "\n", sep = "")
  invisible(x)
}

print_portable <- function(rows) {
  if (NROW(rows) == 0L) {
    return(invisible())
  }
  cat("\nOne plan of each data set in portable arithmetic, its costs, weights and biases:\n")
  for (dataset in unique(rows$dataset)) {
    own <- rows[rows$dataset == dataset, ]
    label <- sprintf("%-48s", paste0("  ", dataset, "  ", own$rule[1L], ", ", own$cost[1L]))
    same <- own[own$agrees, ]
    if (nrow(same) > 0L) {
      mark <- same$fingerprint[1L]
      of <- if (is.na(mark)) {
        "the same error"
      } else {
        paste("fingerprint", substr(mark, 1L, fingerprint_digits))
      }
      cat(
        label, paste(same$engine, collapse = ", "), ": the same bits as r, ", of, "\n",
        sep = ""
      )
    }
    for (i in which(!own$agrees)) {
      what <- if (is.na(own$first[i])) own$error[i] else paste("first", own$first[i])
      cat(label, own$engine[i], ": DIFFERS, ", what, "\n", sep = "")
    }
  }
}
