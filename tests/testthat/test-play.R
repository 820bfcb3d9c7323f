# Twin: tests/python/test_play.py; see also tests/browser and tests/cross/test_play.py

xor_x <- rbind(c(0, 0), c(0, 1), c(1, 0), c(1, 1))
xor_d <- c(0, 1, 1, 0)

written <- function(...) {
  path <- tempfile(fileext = ".html")
  on.exit(unlink(path))
  tp_to_html(..., path = path)
  rawToChar(readBin(path, "raw", file.size(path)))
}

given_in <- function(text, ...) {
  inside <- sub(".*<script type=\"application/json\" id=\"given\">", "", text)
  jsonlite::fromJSON(sub("</script>.*", "", inside), ...)
}

test_that("the file holds network and data", {
  network <- tp_network(c(2, 3, 1), c("tanh", "sigmoid"), init = "uniform", seed = 5)
  network$biases[[1L]] <- c(-0, 1e-7, 1 / 3)
  given <- given_in(written(network, xor_x, xor_d))
  expect_identical(given$plan$network$weights, network$weights)
  expect_identical(given$plan$network$biases, network$biases)
  expect_equal(given$plan$network$activations, c("tanh", "sigmoid"))
  expect_equal(given$plan$data, list(x = xor_x, d = cbind(xor_d), recursive = FALSE)[1:2],
    ignore_attr = TRUE
  )
  expect_equal(given$plan$training$cost, "half_mse")
  expect_equal(given$plan$training$optimizer, list(name = "sgd", learning_rate = 0.5))
  expect_null(given$inputs)
  expect_null(given$outputs)
})

test_that("cost and rate suit the output", {
  for (case in list(list("softmax", "cross_entropy", 0.1), list("tanh", "half_mse", 0.01))) {
    network <- tp_network(c(2, 2), case[[1L]])
    training <- given_in(written(network, cbind(0, 1), cbind(0, 1)))$plan$training
    expect_equal(training$cost, case[[2L]])
    expect_equal(training$optimizer$learning_rate, case[[3L]])
  }
  text <- written(tp_network(c(2, 1)), xor_x, xor_d, cost = "cross_entropy")
  expect_equal(given_in(text)$plan$training$cost, "cross_entropy")
  expect_error(
    written(tp_network(c(2, 2), "softmax"), cbind(0, 1), cbind(0, 1), cost = "mse"),
    "needs cost \"cross_entropy\", got \"mse\"",
    class = "twinprop_input_error"
  )
})

test_that("a run brings its settings", {
  run <- tp_train(
    tp_network(c(2, 4, 1)), xor_x, xor_d,
    cost = "half_sse", rule = "transpose", optimizer = "adam", batch_size = NULL, epochs = 3,
    shuffle = TRUE, seed = 7
  )
  plan <- given_in(written(run, xor_x, xor_d))$plan
  expect_equal(plan$network$weights, run$weights)
  expect_equal(plan$training$optimizer, run$settings$optimizer)
  expect_null(plan$training$batch_size)
  expect_equal(
    plan$training[c("cost", "rule", "update_order", "epochs", "shuffle", "seed")],
    list(
      cost = "half_sse", rule = "transpose", update_order = "simultaneous", epochs = 3,
      shuffle = TRUE, seed = 7
    )
  )
  for (rows in c(1, 3, 4)) {
    some <- seq_len(rows)
    run <- tp_train(
      tp_network(c(2, 4, 1)), xor_x, xor_d,
      cost = "half_sse", batch_size = 3, epochs = 1
    )
    plan <- given_in(written(run, xor_x[some, , drop = FALSE], xor_d[some]))$plan
    expect_equal(plan$training$batch_size, if (rows == 4) 3)
  }
  expect_error(
    written(run, xor_x, xor_d, cost = "mse"), "the run's own, \"half_sse\", got \"mse\"",
    class = "twinprop_input_error"
  )
})

test_that("what the page cannot do is said", {
  cases <- list(dropout = 0.5, clip_norm = 1, schedule = "step", sample_weight = c(1, 2, 1, 2))
  for (name in names(cases)) {
    settings <- c(list(tp_network(c(2, 4, 1)), xor_x, xor_d, epochs = 1), cases[name])
    run <- do.call(tp_train, settings)
    expect_error(
      written(run, xor_x, xor_d), paste("the page cannot train with", name, "yet"),
      class = "twinprop_input_error"
    )
  }
  run["network"] <- list(NULL)
  expect_error(written(run, xor_x, xor_d), "must be a run that knows its network")
})

test_that("a fit takes its own data and gives names", {
  fit <- suppressWarnings(
    twinprop(Species ~ Sepal.Length + Petal.Width, iris, seed = 1, epochs = 5)
  )
  given <- given_in(written(fit, iris))
  expect_equal(given$inputs, c("Sepal.Length", "Petal.Width"))
  expect_equal(given$outputs, levels(iris$Species))
  expect_equal(given$plan$data$x[, 1L], as.vector(scale(iris$Sepal.Length)), tolerance = 0.01)
  expect_equal(given$plan$data$d, diag(3)[iris$Species, ])
  expect_equal(given$plan$training$cost, "cross_entropy")
})

test_that("columns have their names, which end no element", {
  evil <- "</script><img src=x onerror=alert(1)><!--&"
  odd <- "quote \" \\ \n \u00e9"
  text <- written(tp_network(c(2, 1)), matrix(xor_x, 4, dimnames = list(NULL, c(evil, odd))), xor_d)
  expect_false(grepl("<img", text, fixed = TRUE))
  expect_equal(given_in(text)$inputs, c(evil, odd))
})

test_that("scripts run by a word that what is given cannot have", {
  nonces <- vapply(1:2, function(seed) {
    text <- written(tp_network(c(2, 1), seed = seed), xor_x, xor_d)
    nonce <- sub(".*script-src 'nonce-([0-9a-f]{32})'.*", "\\1", text)
    scripts <- regmatches(text, gregexpr("<script[^>]*>", text))[[1L]]
    expect_length(scripts, 3L)
    expect_equal(sum(grepl(paste0("nonce=\"", nonce, "\""), scripts, fixed = TRUE)), 2L)
    nonce
  }, "")
  expect_false(nonces[1L] == nonces[2L])
})

test_that("p5 is put in where a copy is at hand", {
  copy <- tempfile(fileext = ".js")
  on.exit(unlink(copy))
  cat("const version = \"2.3.4\", odd = \"</script><!--\";", file = copy)
  network <- tp_network(c(2, 1))
  text <- written(network, xor_x, xor_d, p5 = copy)
  expect_match(text, ">const version = \"2.3.4\", odd = \"<\\/script><\\!--\";</script>",
    fixed = TRUE
  )
  expect_false(grepl("https://cdn.jsdelivr.net", sub(".*(default-src[^\"]*)\".*", "\\1", text)))
  cat("const version = \"2.0.0\"", file = copy)
  expect_error(written(network, xor_x, xor_d, p5 = copy), "p5.min.js of version 2.3.4, got")
  expect_error(written(network, xor_x, xor_d, p5 = "none.js"), "cannot read p5.js: no file \"none")
  expect_error(written(network, xor_x, xor_d, p5 = 5), "p5 must be a path, got 5")
})

test_that("what is too large is refused", {
  rows <- matrix(0, 2001, 2)
  expect_error(
    written(tp_network(c(2, 1)), rows, rows[, 1L]),
    "^x must have at most 2000 rows for the page, got 2001$",
    class = "twinprop_input_error"
  )
  expect_error(
    written(tp_network(c(200, 500, 1)), matrix(0, 1, 200), 0),
    "^network must have at most 100000 parameters for the page, got 101001$",
    class = "twinprop_input_error"
  )
  expect_error(
    written(tp_network(c(100, 1)), matrix(0, 2000, 100), numeric(2000)),
    "^x and d must have at most 200000 numbers for the page, got 202000$",
    class = "twinprop_input_error"
  )
})

test_that("what is no network, data or path is refused", {
  expect_error(written(5, xor_x, xor_d), "network must be a network, a model, .* got 5")
  expect_error(written(tp_network(c(3, 1)), xor_x, xor_d), "x row 1 must have 3 values, got 2")
  expect_error(tp_to_html(tp_network(c(2, 1)), xor_x, xor_d, 5), "path must be a path, got 5")
  expect_error(
    tp_to_html(tp_network(c(2, 1)), xor_x, xor_d, file.path(tempfile(), "page.html")),
    "cannot write"
  )
  expect_error(tp_play(x = xor_x), "network must be there where x and d are, got null")
})

test_that("the viewer opens the file, else the browser", {
  opened <- NULL
  old <- options(viewer = function(url) opened <<- url)
  on.exit(options(old))
  network <- tp_network(c(2, 1))
  path <- tp_play(network, xor_x, xor_d)
  expect_equal(opened, path)
  # where RStudio's viewer looks for files
  expect_true(startsWith(path, tempdir()))
  expect_equal(rawToChar(readBin(path, "raw", file.size(path))), written(network, xor_x, xor_d))
  options(viewer = NULL, browser = function(url) opened <<- url)
  path <- tp_play()
  expect_equal(opened, paste0("file://", path))
  given <- given_in(rawToChar(readBin(path, "raw", file.size(path))))
  expect_equal(given$plan$data$x, xor_x, ignore_attr = TRUE)
  expect_equal(given$plan$network$weights, tp_network(c(2, 4, 1))$weights)
  options(browser = "")
  expect_warning(
    tp_play(network, xor_x, xor_d), "no browser to open; the page is at file://",
    class = "twinprop_warning"
  )
})
