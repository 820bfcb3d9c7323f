# The method for caret::train(), by caret itself.

test_that("caret tunes, fits and predicts classes", {
  need("caret")
  set.seed(1)
  grid <- expand.grid(hidden = c(2, 5), penalty = c(0, 0.01), learn_rate = 0.01)
  tuned <- suppressWarnings(caret::train(
    Species ~ ., iris,
    method = tp_caret(), tuneGrid = grid, epochs = 40,
    trControl = caret::trainControl("cv", number = 3, classProbs = TRUE)
  ))
  expect_identical(nrow(tuned$results), 4L)
  expect_gt(max(tuned$results$Accuracy), 0.9)
  expect_s3_class(tuned$finalModel, "twinprop")
  expect_identical(tuned$finalModel$settings$hidden, as.integer(tuned$bestTune$hidden))
  expect_identical(tuned$finalModel$settings$penalty, tuned$bestTune$penalty)
  expect_identical(tuned$finalModel$settings$epochs, 40)
  new <- iris[c(1, 60, 120), ]
  expect_identical(predict(tuned, new), predict(tuned$finalModel, new))
  expect_equal(
    as.matrix(predict(tuned, new, type = "prob")), predict(tuned$finalModel, new, type = "prob"),
    ignore_attr = TRUE
  )
  expect_identical(caret::predictors(tuned), names(iris)[1:4])
})

test_that("caret fits a regression by x and y, with weights and a grid of its own", {
  need("caret")
  set.seed(1)
  w <- rep(1:2, 16)
  tuned <- suppressWarnings(caret::train(
    as.matrix(mtcars[c("wt", "hp")]), mtcars$mpg,
    method = tp_caret(), weights = w, tuneLength = 2, epochs = 20, arithmetic = "portable",
    trControl = caret::trainControl("cv", number = 2)
  ))
  expect_identical(nrow(tuned$results), 4L)
  expect_identical(weights(tuned$finalModel), as.numeric(w))
  expect_identical(tuned$finalModel$training$arithmetic, "portable")
  expect_equal(
    unname(predict(tuned, mtcars[1:3, ])), unname(fitted(tuned$finalModel)[1:3]),
    tolerance = 1e-12
  )
  expect_lt(length(serialize(tuned$finalModel, NULL)), 5e4)
})

test_that("the values to tune are a grid or random", {
  method <- tp_caret()
  grid <- method$grid(NULL, NULL, 3)
  expect_identical(names(grid), method$parameters$parameter)
  expect_identical(nrow(grid), 9L)
  expect_identical(nrow(method$grid(NULL, NULL, 1)), 1L)
  set.seed(1)
  random <- method$grid(NULL, NULL, 7, search = "random")
  expect_identical(dim(random), c(7L, 3L))
  expect_true(all(random$hidden >= 1 & random$penalty > 0 & random$learn_rate > 0))
  # caret takes the first of equal ones: the simplest
  sorted <- method$sort(expand.grid(hidden = c(5, 2), penalty = c(0, 1)))
  expect_identical(sorted$hidden, c(2, 2, 5, 5))
  expect_identical(sorted$penalty, c(1, 0, 1, 0))
})
