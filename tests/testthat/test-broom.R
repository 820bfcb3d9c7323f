# The verbs of broom for fits, by the generics of the package generics, and autoplot().

flowers <- quick(Species ~ ., iris)
cars <- quick(mpg ~ wt + hp, mtcars, hidden = 3)

test_that("tidy() has a row for each weight and bias", {
  need("generics")
  table <- generics::tidy(cars)
  expect_identical(names(table), c("layer", "from", "to", "term", "estimate"))
  expect_identical(setNames(table$estimate, table$term), coef(cars))
  row <- table[table$term == "hp->h1.2", ]
  expect_identical(row$layer, 2L)
  expect_identical(c(row$from, row$to), c("hp", "h1.2"))
  expect_identical(row$estimate, cars$network$weights[[1]][2, 2])
  expect_identical(table$to[table$layer == 3L], rep("mpg", 4))
})

test_that("glance() is one row", {
  need("generics")
  row <- generics::glance(cars)
  expect_identical(dim(row), c(1L, 10L))
  expect_identical(row$n_obs, 32L)
  expect_identical(row$n_inputs, 2L)
  expect_identical(row$n_hidden, 3L)
  expect_identical(row$n_weights, 13L)
  expect_identical(row$epochs, 30L)
  expect_identical(row$loss, cars$history$loss[30])
  expect_identical(row$deviance, deviance(cars))
  expect_false(row$converged)
  expect_identical(row$seed, 1L)
  expect_identical(generics::glance(quick(mpg ~ wt, mtcars, hidden = 0))$n_hidden, 0L)
})

test_that("augment() adds what is predicted", {
  need("generics")
  data <- generics::augment(cars, mtcars)
  expect_identical(names(data), c(names(mtcars), ".fitted", ".resid"))
  expect_equal(data$.fitted, unname(fitted(cars)))
  expect_equal(data$.resid, unname(residuals(cars)))
  # the data that the call names
  expect_equal(generics::augment(cars), data)
  # new rows without the response
  new <- generics::augment(cars, newdata = mtcars[1:3, c("wt", "hp")])
  expect_identical(names(new), c("wt", "hp", ".fitted"))

  data <- generics::augment(flowers, iris[c(1, 60), ])
  expect_identical(
    names(data), c(names(iris), ".pred_class", paste0(".pred_", levels(iris$Species)))
  )
  expect_identical(data$.pred_class, predict(flowers, iris[c(1, 60), ]))
  expect_equal(data$.pred_setosa, unname(fitted(flowers)[c(1, 60), 1]))

  several <- generics::augment(quick(cbind(mpg, qsec) ~ wt, mtcars), mtcars)
  added <- c(".fitted_mpg", ".fitted_qsec", ".resid_mpg", ".resid_qsec")
  expect_identical(setdiff(names(several), names(mtcars)), added)
  expect_equal(several$.resid_qsec, mtcars$qsec - several$.fitted_qsec)

  # rows that were left out are not there, and rows that lack a value are NA
  frame <- penguins()
  sexes <- quick(sex ~ body_mass_g, frame)
  expect_identical(nrow(generics::augment(sexes)), nobs(sexes))
  all <- generics::augment(sexes, frame)
  expect_identical(nrow(all), nrow(frame))
  expect_identical(is.na(all$.pred_class), is.na(frame$body_mass_g))
  labels <- quick(cbind(v = vs == 1, a = am == 1) ~ wt, mtcars)
  expect_type(generics::augment(labels, mtcars)$.pred_a, "logical")

  expect_input_error(
    generics::augment(quick(mtcars["wt"], mtcars$mpg)), "the fit was made without a formula"
  )
})

test_that("augment() finds the data of a fit made inside a function", {
  need("generics")
  inside <- function() {
    data <- mtcars[1:20, ]
    fit <- twinprop(mpg ~ wt, data, hidden = 2, seed = 1)
    generics::augment(fit)
  }
  expect_identical(nrow(inside()), 20L)
})

test_that("tables are tibbles where tibble is installed", {
  need("generics")
  need("tibble")
  expect_s3_class(generics::tidy(cars), "tbl_df")
  expect_s3_class(generics::glance(cars), "tbl_df")
  expect_s3_class(generics::augment(cars, mtcars), "tbl_df")
})

test_that("autoplot() draws the losses", {
  need("ggplot2")
  early <- quick(Species ~ ., iris, early_stopping = TRUE)
  picture <- ggplot2::autoplot(early)
  expect_s3_class(picture, "ggplot")
  built <- ggplot2::ggplot_build(picture)$data[[1]]
  expect_equal(built$y, c(early$history$loss, early$history$validation_loss))
  expect_s3_class(ggplot2::autoplot(cars, log = TRUE), "ggplot")
  expect_input_error(ggplot2::autoplot(cars, log = 1), "log must be true or false, got 1")
})
