# Fits in functions of networks, with data as the fit takes them.

flowers <- quick(Species ~ ., iris)
cars <- quick(mpg ~ wt + factor(cyl), mtcars, hidden = 3)
columns <- quick(iris[1:4], iris$Species)

# x and d as the network sees them, made here.
seen_x <- scale(as.matrix(iris[1:4]), flowers$inputs$center, flowers$inputs$scale)
seen_d <- outer(as.integer(iris$Species), 1:3, `==`) + 0

test_that("the gradient of a fit is checked with its raw data", {
  rows <- c(1, 60, 120)
  wanted <- tp_check_gradient(flowers$network, seen_x[rows, ], seen_d[rows, ], "cross_entropy")
  for (check in list(
    tp_check_gradient(flowers, iris[rows, ]),
    tp_check_gradient(flowers, iris[rows, 1:4], iris$Species[rows]),
    tp_check_gradient(columns, iris[rows, 1:4], iris$Species[rows])
  )) {
    expect_true(check$passes)
    expect_equal(check$table$backprop, wanted$table$backprop, tolerance = 1e-9)
  }
  expect_true(tp_check_gradient(cars, mtcars[1:4, ])$passes)
  expect_true(tp_check_gradient(cars, mtcars[1:4, ], cost = "mse")$passes)
  expect_input_error(
    tp_check_gradient(columns, iris[rows, 1:4]),
    "x must be a data frame with the response \"y\", or d must be given"
  )
  expect_input_error(
    tp_check_gradient(flowers, iris[rows, 1:4], iris$Species[1:2]),
    "d must have as many rows as x (3), got 2"
  )
})

test_that("a fit is diagnosed with its raw data", {
  wanted <- tp_diagnose(flowers$network, seen_x, seen_d, "cross_entropy")
  found <- tp_diagnose(flowers, iris)
  expect_equal(found$cost, wanted$cost, tolerance = 1e-9)
  expect_true(found$learned)
  # rows that lack a value are left out
  frame <- penguins()
  sexes <- quick(sex ~ species + body_mass_g, frame)
  expect_equal(tp_diagnose(sexes, frame)$cost, deviance(sexes) / 2 / nobs(sexes), tolerance = 1e-9)
})

test_that("a step of a fit is explained with its raw data", {
  step <- tp_explain(flowers, iris[60, ])
  expect_equal(step$cost_before, -log(fitted(flowers)[60, 2]), tolerance = 1e-9, ignore_attr = TRUE)
  wanted <- tp_explain(flowers$network, seen_x[60, , drop = FALSE], seen_d[60, , drop = FALSE],
    "cross_entropy"
  )
  expect_equal(step$table$value, wanted$table$value, tolerance = 1e-9)
})

test_that("pictures of a fit have its names, and its data's units", {
  grDevices::pdf(NULL, 10, 10)
  on.exit(grDevices::dev.off())
  texts <- tp_plot_network(flowers)$texts$text
  expect_true(all(c("Sepal.Length", "virginica") %in% texts))
  drawn <- tp_plot_network(flowers, iris, sample = 60)
  expect_match(paste(drawn$title, collapse = ", "), "sample 60 of 150, cost cross_entropy")
  expect_true(nrow(drawn$arrows) + nrow(drawn$flows) > 0)
  # without the response there are no errors
  drawn <- tp_plot_network(flowers, iris[-5], sample = 60)
  expect_identical(nrow(drawn$arrows) + nrow(drawn$flows), 0L)
  expect_true("mpg" %in% tp_plot_network(cars, mtcars)$texts$text)

  drawn <- tp_plot_decision(
    flowers, iris,
    columns = c("Petal.Length", "Petal.Width"), resolution = 10
  )
  expect_equal(range(drawn$samples$Petal.Length), range(iris$Petal.Length))
  middle <- data.frame(
    Sepal.Length = mean(iris$Sepal.Length), Sepal.Width = mean(iris$Sepal.Width), drawn$grid[1:2]
  )
  expect_equal(
    as.matrix(drawn$grid[3:5]), predict(flowers, middle, type = "prob"),
    tolerance = 1e-9, ignore_attr = TRUE
  )
  linear <- quick(mpg ~ wt + hp, mtcars)
  drawn <- tp_plot_decision(linear, mtcars, resolution = 10)
  expect_equal(
    drawn$grid$mpg, predict(linear, drawn$grid),
    tolerance = 1e-9, ignore_attr = TRUE
  )
  expect_equal(drawn$samples$mpg, mtcars$mpg)
})

test_that("a fit that does not scale, and outputs of other units, are drawn as they are", {
  grDevices::pdf(NULL)
  on.exit(grDevices::dev.off())
  raw <- quick(mpg ~ wt, transform(mtcars, mpg = mpg / 40), scale = FALSE)
  drawn <- tp_plot_decision(raw, transform(mtcars, mpg = mpg / 40), resolution = 5)
  expect_equal(drawn$grid$mpg, predict(raw, drawn$grid), tolerance = 1e-12)
  bounded <- quick(mpg ~ wt, transform(mtcars, mpg = mpg / 40), out_activation = "sigmoid")
  expect_null(bounded$outputs$center)
  drawn <- tp_plot_decision(bounded, transform(mtcars, mpg = mpg / 40), resolution = 5)
  expect_equal(drawn$grid$mpg, predict(bounded, drawn$grid), tolerance = 1e-12)
})

test_that("a fit is written for other languages, and read back", {
  path <- tempfile(fileext = ".twinprop.json")
  on.exit(unlink(path))
  frame <- penguins()
  fits <- list(
    flowers, quick(mpg ~ wt * am, transform(mtcars, am = am == 1)),
    quick(sex ~ species * body_mass_g, frame), quick(cbind(mpg, qsec) ~ wt, mtcars),
    quick(am == 1 ~ wt, mtcars), columns
  )
  data <- list(iris, transform(mtcars, am = am == 1), frame, mtcars, mtcars, iris)
  for (i in seq_along(fits)) {
    tp_write_model(fits[[i]], path)
    model <- tp_read_model(path)
    type <- if (fits[[i]]$task == "regression") "response" else "prob"
    expect_equal(
      predict(model, data[[i]], type = type), predict(fits[[i]], data[[i]], type = type),
      tolerance = 1e-12
    )
    rows <- data[[i]][1:3, ]
    d <- if (i == 6) rows$Species else response_of(fits[[i]], rows, "data")
    expect_true(tp_check_gradient(model, rows, d)$passes)
  }
  expect_error(
    tp_write_model(quick(mpg ~ log(wt), mtcars), path), "log(wt)",
    fixed = TRUE, class = "twinprop_input_error"
  )
})
