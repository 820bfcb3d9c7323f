# Bad input: every exported function with every argument wrong, and files broken in every way.
# docs/reliability.md says what is promised: a condition of the package that names what is wrong,
# never one of R's own, nothing that hangs, nothing that is taken silently.

odd <- structure(list(), class = "odd")
bad <- list(
  null = NULL, na = NA, nan = NaN, inf = Inf, minus = -1, fraction = 0.3, large = 1e300,
  true = TRUE, text = "no such thing", empty_text = "", na_text = NA_character_,
  bytes = "\xff\xfe", raw = as.raw(1:3), list = list(), list_of_lists = list(list()),
  list_of_null = list(NULL), list_of_text = list("a"), ragged = list(c(1, 2), 3),
  object = list(a = 1), twice = list(a = 1, a = 2), fun = print, odd = odd,
  s4 = methods::getClass("numeric"), environment = new.env(), formula = y ~ x,
  call = quote(stop("evaluated")), expression = expression(stop("evaluated")),
  symbol = as.name("a"), complex = 1 + 2i, date = as.Date("2020-01-01"),
  factor = factor(c("a", "b")), none = numeric(), texts = c("a", "b"),
  no_rows = matrix(0, 0, 2), matrix_of_nan = matrix(NaN, 4, 2), text_matrix = matrix("a", 4, 2),
  array = array(0, c(2, 2, 2)), frame = data.frame(a = c("x", "y")), no_frame = data.frame(),
  integer_na = NA_integer_, pairlist = pairlist(a = 1)
)

x <- rbind(c(0, 0), c(0, 1), c(1, 0), c(1, 1))
d <- cbind(c(0, 1, 1, 0))
network <- tp_network(c(2, 3, 1))
plan <- list(training = list(epochs = 1))
step <- list(cost = "half_mse", rule = "gradient", update_order = "simultaneous",
             optimizer = tp_optimizer("sgd"))
portably <- list(arithmetic = "portable")
samples <- list(network = network, x = x, d = d)
penalty <- list(
  value = 0.1, source = "twinprop", target = "scikit-learn", n = 4, outputs = 1,
  cost = "half_mse", out_activation = NULL
)
matrix_of <- function() list(rows = 1, cols = 1, data = list(list(0.5)))
toy <- list(
  input_nodes = 1, hidden_nodes = 1, output_nodes = 1, weights_ih = matrix_of(),
  weights_ho = matrix_of(), bias_h = matrix_of(), bias_o = matrix_of()
)
brain <- list(
  type = "NeuralNetwork", sizes = list(1, 1),
  layers = list(
    list(weights = list(), biases = list()), list(weights = list(list(0.5)), biases = list(0.5))
  ),
  options = list(activation = "sigmoid")
)
folder <- tempfile()
dir.create(folder)
written <- file.path(folder, "written.json")

# Every exported function that takes something, with arguments that are allowed.
calls <- function() {
  run <- tp_train(network, x, d, epochs = 1)
  task <- tp_exercise(1)
  forward <- tp_forward(network, x)
  comparison <- tp_compare_rules(network, x, d, epochs = 1)
  explanation <- tp_explain(network, x[1, , drop = FALSE], d[1, , drop = FALSE])
  list(
    tp_backward = list(network = network, forward = forward, d = d, cost = "half_mse",
                       rule = "gradient", arithmetic = "fast"),
    tp_check_answer = list(exercise = task, question = 1, answer = 0.5, earlier = NULL),
    tp_check_gradient = c(samples, list(cost = "half_mse", rule = "gradient", weight_decay = 0)),
    tp_compare_rules = c(samples, list(
      rules = NULL, cost = "half_mse", update_order = "simultaneous",
      optimizer = tp_optimizer("sgd"), batch_size = 1, epochs = 1, shuffle = FALSE, seed = 42,
      along = "own", every = NULL, progress = FALSE
    )),
    tp_convert_cost = penalty,
    tp_convert_penalty = c(penalty, list(batch_size = NULL)),
    tp_crosscheck = list(datasets = "xor", engines = "js", require = "js",
                         progress = FALSE),
    tp_dataset = list(name = "xor"),
    tp_diagnose = list(model = network, x = x, d = d, cost = NULL),
    tp_exercise = list(seed = 1, level = 1, layers = NULL, activations = "sigmoid",
                       cost = "half_mse", rule = "gradient", learning_rate = 0.5),
    tp_explain = c(
      list(network = network, x = x[1, , drop = FALSE], d = d[1, , drop = FALSE]), step,
      list(neurons = NULL)
    ),
    tp_explain_plan = list(plan = plan, sample = 1, neurons = NULL),
    tp_fingerprint = list(source = run),
    tp_forward = c(list(network = network, x = x), portably),
    tp_from_brain_js = list(data = brain),
    tp_from_keras_weights = list(weights = tp_to_keras_weights(network), activations = "sigmoid"),
    tp_from_toy_nn = list(data = toy, activations = "sigmoid"),
    tp_mean_cost = c(samples, list(cost = "half_mse", weight_decay = 0), portably),
    tp_network = list(layers = c(2, 3, 1), activations = "sigmoid", init = "xavier", seed = 42,
                      weights = NULL, biases = NULL),
    tp_optimizer = list(name = "adam", learning_rate = 0.1, weight_decay = 0,
                        betas = c(0.9, 0.99), eps = 1e-8),
    tp_plot_cost = list(runs = run, log = FALSE),
    tp_plot_decision = c(samples, list(columns = c(1, 2), resolution = 4)),
    tp_plot_network = c(samples, list(
      cost = "half_mse", rule = "gradient", sample = 1, values = NULL, input_names = NULL,
      output_names = NULL
    )),
    tp_plot_rules = list(comparison = comparison, what = "cost"),
    tp_random_stream = list(seed = 1),
    tp_read_model = list(path = {
      tp_write_model(network, written)
      written
    }),
    tp_read_plan = list(plan = plan),
    tp_report = list(explanation = explanation, format = "text"),
    tp_run = list(plan = plan, output = NULL, progress = FALSE),
    tp_starting_weights = list(layers = c(2, 1), init = "xavier", seed = 1),
    tp_step = c(samples, step, portably),
    tp_to_html = list(network = network, x = x, d = d, path = file.path(folder, "page.html"),
                      cost = NULL, p5 = NULL),
    tp_to_js_function = list(model = network, name = "predict"),
    tp_to_keras_weights = list(model = network),
    tp_to_r_function = list(model = network, name = "predict"),
    tp_to_sql = list(model = network, table = "data", columns = c("a", "b"), keep = character(),
                     dialect = "sqlite"),
    tp_train = c(samples, step, list(
      batch_size = 1, epochs = 1, shuffle = FALSE, seed = 42, snapshots = NULL, record = NULL,
      sample_weight = NULL, dropout = 0, clip_norm = NULL, schedule = NULL, arithmetic = "fast",
      progress = FALSE
    )),
    tp_update = list(network = network, gradients = tp_backward(network, forward, d),
                     optimizer = tp_optimizer("sgd"), arithmetic = "portable"),
    tp_write_model = list(model = network, path = written),
    tp_write_report = list(explanation = explanation, path = file.path(folder, "a.txt")),
    tp_write_run = list(run = run, output = written)
  )
}

complaint <- function(name, arguments) {
  utils::capture.output(said <- tryCatch(
    suppressMessages(suppressWarnings({
      do.call(name, arguments, quote = TRUE)
      NULL
    })),
    twinprop_error = conditionMessage,
    error = function(e) structure(conditionMessage(e), class = "of R")
  ))
  said
}

# Whether the package says something against it, and not too much.
is_complaint <- function(said) {
  is.character(said) && !inherits(said, "of R") && nchar(said) < 1000L
}

# What an argument of this name takes of `bad`, in any function; then what it takes in one alone.
allowed <- list(
  answer = c("minus", "fraction", "large"), batch_size = "null", biases = "null",
  clip_norm = c("null", "fraction", "large"), dropout = "fraction", eps = c("fraction", "large"),
  earlier = c("null", "list", "odd", "environment", "none", "no_rows", "no_frame"),
  every = c("null", "large"), input_names = c("null", "texts"),
  keep = c(
    "text", "empty_text", "list", "list_of_text", "odd", "none", "texts", "no_frame"
  ),
  learning_rate = c("fraction", "large"), log = "true", neurons = "null",
  out_activation = "null", output_names = c("null", "text", "empty_text"), p5 = "null",
  progress = "true", record = c("null", "large"), rules = "null", sample_weight = "null",
  schedule = "null", seed = "minus", shuffle = "true",
  snapshots = c("null", "large", "list", "odd", "none", "no_rows", "no_frame"),
  table = c("text", "list_of_text", "texts"), value = c("fraction", "large"),
  values = c("null", "true"), weight_decay = c("fraction", "large")
)
allowed_in <- list(
  "tp_diagnose cost" = "null", "tp_exercise layers" = "null", "tp_to_html cost" = "null",
  "tp_explain d" = c("minus", "fraction", "large"), # one number for one output
  "tp_explain_plan plan" = "list", "tp_explain_plan sample" = "null",
  "tp_plot_network d" = "null",
  "tp_network weights" = "null", "tp_read_plan plan" = "list", "tp_run plan" = "list",
  "tp_run output" = c("null", "text", "bytes"), "tp_to_html path" = c("text", "bytes"),
  "tp_to_sql columns" = c("null", "texts"), "tp_write_model path" = c("text", "bytes"),
  "tp_write_run output" = c("text", "bytes")
)

test_that("every exported function is called, with every argument", {
  with_arguments <- Filter(
    function(name) length(formals(name, asNamespace("twinprop"))) > 0L,
    getNamespaceExports("twinprop")
  )
  others <- c("twinprop", "tp_play", "tp_from_nnet", "tp_from_neuralnet") # see below
  expect_setequal(with_arguments, c(names(calls()), others))
  given <- calls()
  for (name in setdiff(names(given), "tp_optimizer")) {
    expect_setequal(names(given[[name]]), names(formals(name)))
  }
})

test_that("every argument wrong", {
  grDevices::pdf(NULL)
  home <- setwd(folder)
  on.exit({
    setwd(home)
    grDevices::dev.off()
  })
  given <- calls()
  for (name in names(given)) {
    wrong <- character() # an expectation for each of 9,000 would take longer than they do
    expect_null(complaint(name, given[[name]]), info = name)
    for (argument in names(given[[name]])) {
      in_one <- allowed_in[[paste(name, argument)]]
      takes <- if (is.null(in_one)) allowed[[argument]] else in_one
      for (kind in names(bad)) {
        where <- paste(name, argument, kind)
        arguments <- given[[name]]
        arguments[argument] <- list(bad[[kind]])
        said <- complaint(name, arguments)
        fits <- if (kind %in% takes) is.null(said) else is_complaint(said)
        if (!fits) wrong <- c(wrong, paste(where, said))
      }
    }
    expect_identical(wrong, character())
  }
})

test_that("fits of other packages, and a fit's own data and settings, wrong", {
  for (kind in setdiff(names(bad), c("null", "twice", "pairlist"))) {
    for (name in c("tp_from_nnet", "tp_from_neuralnet")) {
      said <- complaint(name, list(fit = bad[[kind]]))
      expect_true(is_complaint(said), info = paste(name, kind, said))
    }
    said <- complaint("tp_play", list(network = bad[[kind]], x = x, d = d))
    expect_true(is_complaint(said), info = paste("tp_play", kind, said))
  }
})

# Files --------------------------------------------------------------------------------------------

texts <- list(
  plan = paste0(
    "{\"format\": \"twinprop-plan/1\", \"network\": {\"layers\": [2, 2, 1], \"seed\": 1}, ",
    "\"training\": {\"epochs\": 2, \"cost\": \"half_mse\"}, \"data\": {\"dataset\": \"xor\"}}"
  ),
  model = twinprop:::format_model(twinprop:::make_model(tp_network(c(2, 2, 1))))
)
read <- list(plan = tp_read_plan, model = tp_read_model)

said_of <- function(what, bytes) {
  path <- tempfile()
  on.exit(unlink(path))
  writeBin(bytes, path)
  tryCatch(
    {
      read[[what]](path)
      NULL
    },
    twinprop_input_error = conditionMessage
  )
}

test_that("a file cut at every byte", {
  for (what in names(texts)) {
    bytes <- charToRaw(texts[[what]])
    expect_null(said_of(what, bytes))
    for (end in seq(0L, length(bytes) - 1L, if (what == "plan") 1L else 7L)) {
      expect_match(
        said_of(what, bytes[seq_len(end)]), paste("the", what, "is not valid JSON: "), fixed = TRUE
      )
    }
  }
})

test_that("a file with any byte changed stops with a message or is read", {
  for (what in names(texts)) {
    bytes <- charToRaw(texts[[what]])
    for (place in seq(1L, length(bytes), 41L)) {
      for (byte in as.raw(c(0x00, 0xff, 0x22, 0x5b, 0x39))) {
        changed <- bytes
        changed[place] <- byte
        said <- said_of(what, changed)
        expect_true(is.null(said) || nchar(said) < 1000L)
      }
    }
  }
})

test_that("a key that is there twice is refused, in lists of R too", {
  expect_error(
    tp_read_plan(list(training = list(epochs = 1, epochs = 2))),
    "training must have distinct keys, got \"epochs\" twice", fixed = TRUE,
    class = "twinprop_input_error"
  )
})

test_that("a named pipe stays a pipe, and what is no file is written to", {
  skip_on_os("windows")
  skip_if(Sys.which("mkfifo") == "")
  pipe <- tempfile()
  system2("mkfifo", pipe)
  got <- tempfile()
  system(paste("cat", pipe, ">", got), wait = FALSE)
  tp_write_model(tp_network(c(1, 1)), pipe)
  for (i in 1:50) if (file.size(got) > 0) break else Sys.sleep(0.1)
  expect_match(readLines(got, 1L), "twinprop-model/1", fixed = TRUE)
  expect_identical(system2("test", c("-p", pipe)), 0L)
})

test_that("a full disk is noticed", {
  skip_if_not(file.exists("/dev/full"))
  code <- paste0(
    ".libPaths(\"", .libPaths()[1L], "\"); ",
    "twinprop::tp_run(list(training = list(epochs = 1)), \"-\")"
  )
  said <- suppressWarnings(system(
    paste("Rscript -e", shQuote(code), "2>&1 >/dev/full"), intern = TRUE
  ))
  expect_true(any(grepl("cannot write \"-\": No space left on device", said, fixed = TRUE)))
  expect_error(
    tp_write_model(tp_network(c(1, 1)), "/dev/full"),
    "cannot write \"/dev/full\": No space left on device", fixed = TRUE,
    class = "twinprop_input_error"
  )
})

test_that("names of data sets do not leave their folder", {
  for (name in c("../x", "..", "/etc/passwd", "iris.csv", "../data/iris", "IRIS", "", "xor\n")) {
    expect_error(tp_dataset(name), "dataset must be one of \"xor\"", fixed = TRUE,
                 class = "twinprop_input_error")
    expect_error(
      tp_read_plan(list(data = list(dataset = name))), "data.dataset must be one of \"xor\"",
      fixed = TRUE, class = "twinprop_input_error"
    )
  }
})

# The names of the functions that code calls.
called <- function(code) {
  if (!is.call(code)) {
    return(if (is.function(code)) called(body(code)))
  }
  head <- if (is.call(code[[1L]])) all.names(code[[1L]]) else as.character(code[[1L]])
  c(head, unlist(lapply(as.list(code)[-1L], function(part) if (!missing(part)) called(part))))
}

test_that("nothing evaluates what is read", {
  # formulas and calls of R are the user's own code; nothing else is evaluated
  evaluating <- c(
    "eval", "evalq", "eval.parent", "parse", "str2lang", "str2expression", "readRDS", "load",
    "source", "sys.source", "unserialize", "dget"
  )
  space <- asNamespace("twinprop")
  found <- Filter(function(name) {
    value <- get(name, space)
    is.function(value) && any(evaluating %in% called(body(value)))
  }, ls(space, all.names = TRUE))
  expect_setequal(found, c(
    "augment.twinprop", "frame_again", "response_of", "training_frame",
    "tp_convert_penalty" # whose argument is called source
  ))
})

test_that("names that look like code stay text in print()", {
  inputs <- list(
    columns = list(list(name = "\033[31ma\nb", kind = "numeric")),
    terms = list(list(name = "a", parts = list(list(column = "\033[31ma\nb")))),
    center = NULL, scale = NULL
  )
  outputs <- list(names = "y\u202e", levels = NULL, center = NULL, scale = NULL)
  model <- twinprop:::make_model(tp_network(c(1, 1)), "regression", inputs, outputs)
  said <- utils::capture.output(print(model))
  expect_true("A model: regression of y\\u202e" %in% said)
  expect_true("Columns: \\u001b[31ma\\u000ab" %in% said)
})
