plan_json <- '{"training": {"epochs": 2}, "data": {"x": [[0, 0], [0, 1]], "d": [[0], [1]]}}'

write_plan <- function(text = plan_json) {
  path <- tempfile(fileext = ".json")
  writeLines(text, path)
  path
}

test_that("absent keys take their defaults", {
  plan <- tp_read_plan(plan_json)
  expect_identical(plan$network, list(
    layers = c(2L, 4L, 1L), activations = c("sigmoid", "sigmoid"), init = "xavier", seed = 42L,
    weights = NULL, biases = NULL
  ))
  expect_identical(plan$training, list(
    cost = "half_mse", rule = "gradient", update_order = "simultaneous",
    optimizer = tp_optimizer()$settings, batch_size = 1L, epochs = 2, shuffle = FALSE, seed = 42L,
    snapshots = numeric(), record = NULL, dropout = 0, clip_norm = NULL, schedule = NULL,
    arithmetic = "fast"
  ))
  expect_identical(plan$x, rbind(c(0, 0), c(0, 1)))
  expect_identical(plan$d, cbind(c(0, 1)))
  expect_identical(tp_read_plan("{}")[c("x", "d")], list(x = xor_x, d = xor_d))
})

test_that("a plan comes from a file, text, or a list, and stays itself", {
  want <- tp_read_plan(plan_json)
  path <- write_plan()
  on.exit(unlink(path))
  expect_identical(tp_read_plan(path), want)
  expect_identical(tp_read_plan(want), want)
  expect_identical(tp_read_plan(list(
    training = list(epochs = 2), data = list(x = rbind(c(0, 0), c(0, 1)), d = cbind(c(0, 1)))
  )), want)
  expect_identical(tp_read_plan(list(
    network = list(), training = list(epochs = 2, optimizer = list(), snapshots = numeric()),
    data = list(x = list(c(0, 0), c(0, 1)), d = list(list(0), list(1)))
  )), want)
})

test_that("in a list from R, vectors of length 1 may be lists of one", {
  plan <- tp_read_plan(list(
    network = list(
      layers = c(2, 1), activations = "tanh", weights = list(cbind(1, 2)), biases = list(3)
    ),
    training = list(snapshots = 2, batch_size = NULL),
    data = list(x = cbind(1, 2), d = cbind(3))
  ))
  expect_identical(plan$network$biases, list(3))
  expect_identical(plan$training$snapshots, 2)
  expect_identical(plan$training$batch_size, 1L)
})

test_that("a data set by its name", {
  plan <- tp_read_plan(list(data = list(dataset = "xor")))
  expect_identical(unname(plan$x), xor_x)
  expect_identical(unname(plan$d), xor_d)
  expect_null(dimnames(plan$x))
  expect_identical(plan$dropped, 0L)
})

test_that("one-unit layers stay arrays in a run file, and numbers read back exactly", {
  plan <- list(
    network = list(layers = c(1, 1, 1), activations = "tanh", init = "torch"),
    training = list(epochs = 3, snapshots = c(1, 2)),
    data = list(x = cbind(c(1 / 3, 0.1)), d = cbind(c(0, 1e-300)))
  )
  path <- tempfile(fileext = ".json")
  on.exit(unlink(path))
  run <- withVisible(tp_run(plan, path))
  expect_false(run$visible)
  run <- run$value
  read <- read_json(path)
  expect_named(read, c(
    "format", "engine", "version", "updates", "seconds", "initial_cost", "cost", "final_cost",
    "outputs", "errors", "weights", "biases", "fingerprint", "snapshots"
  ))
  expect_identical(read$format, "twinprop-run/1")
  expect_identical(read$engine, "r")
  expect_identical(read$version, as.character(utils::packageVersion("twinprop")))
  expect_equal(read$updates, 6, tolerance = 0)
  same <- function(read, run) {
    expect_identical(as_matrices(read$weights), run$weights)
    expect_identical(as_vectors(read$biases), run$biases)
    expect_true(all(vapply(read$biases, is.list, NA)))
    expect_identical(read$cost, if (length(run$cost) > 1) as.list(run$cost) else run$cost)
  }
  same(read, run)
  same(read$snapshots[[1]], run$snapshots[[1]])
  same(read$snapshots[[2]], run$snapshots[[2]])
  expect_identical(as_matrix(read$outputs), run$outputs)
  expect_identical(as_matrix(read$errors), run$errors)
  expect_identical(read$initial_cost, run$initial_cost)
  expect_identical(read$final_cost, run$final_cost)
})

test_that("without snapshots and epochs the file has no snapshots and an empty list of costs", {
  read <- jsonlite::parse_json(run_json(tp_run(list(
    training = list(epochs = 0), data = list(dataset = "xor")
  ))))
  expect_identical(read$cost, list())
  expect_false("snapshots" %in% names(read))
})

test_that("options do not change a run file", {
  write <- function() sub("\"seconds\": [^,]*", "", run_json(tp_run(plan_json)))
  want <- write()
  old <- options(OutDec = ",", digits = 3, warn = 2, scipen = 100)
  on.exit(options(old))
  expect_identical(write(), want)
})

test_that("a run can be written to standard output", {
  shown <- capture.output(run <- tp_run(plan_json, "-"))
  expect_identical(shown, run_json(run))
  expect_identical(capture.output(tp_write_run(run, "-")), shown)
})

test_that("the bridge's function returns plain values", {
  run <- run_plan(list(training = list(epochs = 2), data = list(x = xor_x, d = xor_d)))
  expect_identical(class(run), "list")
  expect_identical(run$engine, "r")
  expect_identical(run$outputs, tp_run(list(
    training = list(epochs = 2), data = list(x = xor_x, d = xor_d)
  ))$outputs)
  expect_false("network" %in% names(run))
})

test_that("a file that is there stays as it is when writing fails, and no other is left", {
  folder <- tempfile()
  dir.create(folder)
  on.exit(unlink(folder, recursive = TRUE))
  run <- tp_run(plan_json)
  tp_write_run(run, file.path(folder, "run.json"))
  tp_write_run(run, file.path(folder, "run.json"))
  expect_identical(list.files(folder, all.files = TRUE, no.. = TRUE), "run.json")
  missing <- file.path(folder, "none", "run.json")
  expect_input_error(
    tp_write_run(run, missing),
    paste0("cannot write \"", missing, "\": No such file or directory")
  )
  dir.create(file.path(folder, "folder"))
  expect_input_error(
    tp_write_run(run, file.path(folder, "folder")),
    paste0("cannot write \"", file.path(folder, "folder"), "\": Is a directory")
  )
  expect_identical(sort(list.files(folder, all.files = TRUE, no.. = TRUE)), c("folder", "run.json"))
})

test_that("a link to a run file stays a link", {
  skip_on_os("windows")
  folder <- tempfile()
  dir.create(folder)
  on.exit(unlink(folder, recursive = TRUE))
  file <- file.path(folder, "file.json")
  link <- file.path(folder, "link.json")
  writeLines("old", file)
  file.symlink(file, link)
  run <- tp_run(plan_json)
  tp_write_run(run, link)
  expect_identical(Sys.readlink(link), file)
  expect_identical(readLines(file), run_json(run))
})

test_that("bad plans", {
  expect_input_error(
    tp_read_plan("no-such-plan.json"), "cannot read the plan: no file \"no-such-plan.json\""
  )
  expect_input_error(tp_read_plan(3), "the plan must be an object, got 3")
  expect_input_error(tp_read_plan(NULL), "the plan must be an object, got null")
  expect_input_error(
    tp_read_plan("[1, 2]"), "the plan must be an object, got a list of 2"
  )
  expect_input_error(
    tp_read_plan(list(data = list())), "data must have either \"dataset\" or both \"x\" and \"d\""
  )
  expect_error(
    tp_read_plan(tempdir()), "cannot read the plan", class = "twinprop_input_error"
  )
  for (token in c("NaN", "Infinity", "-Infinity", "NA")) {
    text <- sprintf('{"data": {"x": [[%s, 0]], "d": [[0]]}}', token)
    # one line of the parser's detail
    expect_error(
      tp_read_plan(text), "^the plan is not valid JSON: [^\n]+$", class = "twinprop_input_error"
    )
  }
  path <- tempfile()
  on.exit(unlink(path))
  writeBin(as.raw(c(0x7b, 0x22, 0xff, 0x22)), path)
  expect_input_error(tp_read_plan(path), "the plan is not valid JSON: invalid UTF-8")
  writeBin(as.raw(c(0x7b, 0x00, 0x7d)), path)
  expect_error(
    tp_read_plan(path), "^the plan is not valid JSON: ", class = "twinprop_input_error"
  )
  expect_input_error(
    tp_write_run(3, "-"), "run must be a run made by tp_train() or tp_run(), got 3"
  )
  expect_input_error(
    tp_write_run(tp_run(plan_json), 3), "output must be a path or \"-\", got 3"
  )
})

# In a session of its own, which finds the package where this one found it.
rscript <- function(code, stdin = "") {
  error_file <- tempfile()
  on.exit(unlink(error_file))
  libraries <- c(dirname(find.package("twinprop")), .libPaths())
  old <- Sys.getenv("R_LIBS", NA)
  Sys.setenv(R_LIBS = paste(libraries, collapse = .Platform$path.sep))
  on.exit(if (is.na(old)) Sys.unsetenv("R_LIBS") else Sys.setenv(R_LIBS = old), add = TRUE)
  output <- suppressWarnings(system2(
    file.path(R.home("bin"), "Rscript"), c("-e", shQuote(code)), stdout = TRUE,
    stderr = error_file, stdin = stdin
  ))
  status <- attr(output, "status")
  list(
    output = as.vector(output), status = if (is.null(status)) 0L else status,
    errors = readLines(error_file)
  )
}

test_that("from a shell: a plan from a file or standard input, the message alone on an error", {
  skip_if_not(dir.exists(file.path(find.package("twinprop"), "Meta")), "not installed")
  path <- write_plan()
  output <- tempfile()
  on.exit(unlink(c(path, output)))
  done <- rscript(sprintf("twinprop::tp_run(\"%s\", \"%s\")", path, output))
  expect_identical(done, list(output = character(), status = 0L, errors = character()))
  expect_identical(as_matrix(read_json(output)$outputs), tp_run(plan_json)$outputs)

  done <- rscript("twinprop::tp_run(\"-\", \"-\")", stdin = path)
  expect_identical(done$errors, character())
  expect_identical(
    as_matrix(jsonlite::parse_json(done$output)$outputs), tp_run(plan_json)$outputs
  )

  done <- rscript("twinprop::tp_run(\"no.json\", \"-\")")
  expect_identical(done, list(
    output = character(), status = 1L,
    errors = c("Error: cannot read the plan: no file \"no.json\"", "Execution halted")
  ))
})

test_that("from a shell: pipes and devices as files", {
  skip_on_os("windows")
  skip_if_not(dir.exists(file.path(find.package("twinprop"), "Meta")), "not installed")
  path <- write_plan()
  on.exit(unlink(path))
  done <- rscript("twinprop::tp_run(\"/dev/stdin\", \"/dev/stdout\")", stdin = path)
  expect_identical(done$errors, character())
  expect_identical(
    as_matrix(jsonlite::parse_json(done$output)$outputs), tp_run(plan_json)$outputs
  )
})

test_that("from a shell: an interrupted training writes no run", {
  skip_on_os("windows")
  skip_if_not(dir.exists(file.path(find.package("twinprop"), "Meta")), "not installed")
  path <- tempfile(fileext = ".json")
  on.exit(unlink(path))
  done <- rscript(paste0(
    "system(sprintf(\"(sleep 3; kill -INT %d) >/dev/null 2>&1 &\", Sys.getpid())); ",
    "twinprop::tp_run(list(training = list(epochs = 1e7)), \"", path, "\")"
  ))
  expect_false(file.exists(path))
  expect_true("Error: training interrupted: no run file is written" %in% done$errors)
})
