# The methods of fits: what is printed, returned and drawn, against the numbers that it is about.

flowers <- quick(Species ~ ., iris)
cars <- quick(mpg ~ wt + hp, mtcars, hidden = c(3, 2), activation = "tanh")
sexes <- quick(sex ~ species + body_mass_g, penguins())

test_that("print() fits on one screen, says what is what and returns its argument", {
  wide <- quick(as.matrix(tp_dataset("digits")[1:200, 1:64]), tp_dataset("digits")$digit[1:200])
  many <- quick(mpg ~ ., transform(mtcars, make = rownames(mtcars)))
  for (fit in list(flowers, cars, sexes, wide, many)) {
    lines <- capture.output(printed <- withVisible(print(fit)))
    expect_lte(length(lines), 24)
    expect_lte(max(nchar(lines)), 80)
    expect_identical(printed$value, fit)
    expect_false(printed$visible)
  }
  expect_output(print(flowers), "setosa, versicolor, virginica", fixed = TRUE)
  expect_output(print(sexes), "the output is the probability of\n  male", fixed = TRUE)
  expect_output(print(sexes), "Trained on 333 rows (11 left out for missing values)", fixed = TRUE)
  expect_output(print(cars), "2-3-2-1 (tanh, tanh, identity): regression", fixed = TRUE)
  expect_output(print(cars), "twinprop(formula = mpg ~ wt + hp", fixed = TRUE)
  expect_output(print(cars), "seed 1\nNot converged: all 30 epochs were made")
})

test_that("summary() measures the fit on its own rows", {
  measures <- summary(cars)$fit
  expect_equal(measures$rmse, sqrt(mean((mtcars$mpg - predict(cars, mtcars))^2)), tolerance = 1e-12)
  expect_equal(
    measures$r_squared, 1 - sum(residuals(cars)^2) / sum((mtcars$mpg - mean(mtcars$mpg))^2),
    tolerance = 1e-12
  )
  expect_equal(measures$residuals[["median"]], median(residuals(cars)))

  measures <- summary(flowers)$fit
  predicted <- predict(flowers, iris)
  expect_equal(measures$accuracy, mean(predicted == iris$Species))
  expect_identical(
    unname(unclass(measures$confusion)[, ]), unname(unclass(table(iris$Species, predicted))[, ])
  )
  own <- predict(flowers, iris, type = "prob")[cbind(1:150, as.integer(iris$Species))]
  expect_equal(measures$log_loss, -mean(log(own)), tolerance = 1e-10)
  expect_output(print(summary(flowers)), "Accuracy: 0.9")
  expect_output(print(summary(cars)), "R squared: 0")
  expect_identical(summary(cars)$layers, summary(cars$network))

  labels <- quick(cbind(v = vs == 1, a = am == 1) ~ wt + hp, mtcars)
  right <- predict(labels, mtcars)[, "a"] == mtcars$am
  expect_equal(summary(labels)$fit$accuracy[["a"]], mean(right))
  several <- quick(cbind(mpg, qsec) ~ wt, mtcars)
  expect_named(summary(several)$fit$rmse, c("mpg", "qsec"))
  expect_output(print(summary(several)), "qsec")

  weighted <- quick(mpg ~ wt, mtcars, weights = rep(0:1, 16))
  expect_equal(
    summary(weighted)$fit$rmse, sqrt(mean(residuals(weighted)[rep(c(FALSE, TRUE), 16)]^2))
  )
})

test_that("coef() names every weight and bias", {
  weights <- coef(cars)
  expect_length(weights, 3 * 3 + 4 * 2 + 3)
  expect_identical(weights[["wt->h1.2"]], cars$network$weights[[1]][2, 1])
  expect_identical(weights[["b->h1.3"]], cars$network$biases[[1]][3])
  expect_identical(weights[["h1.3->h2.1"]], cars$network$weights[[2]][1, 3])
  expect_identical(weights[["h2.2->mpg"]], cars$network$weights[[3]][1, 2])
  expect_identical(coef(flowers)[["h1.8->virginica"]], flowers$network$weights[[2]][3, 8])
  expect_identical(coef(sexes)[["b->male"]], sexes$network$biases[[2]][1])
  expect_false(anyDuplicated(names(weights)) > 0)
})

test_that("fitted values and residuals add up to what was observed", {
  expect_equal(fitted(cars) + residuals(cars), setNames(mtcars$mpg, rownames(mtcars)))
  expect_equal(
    unname(fitted(flowers) + residuals(flowers)), outer(as.integer(iris$Species), 1:3, `==`) + 0
  )
  expect_equal(fitted(flowers), predict(flowers, iris, type = "prob"), ignore_attr = TRUE)
  frame <- penguins()
  used <- complete.cases(frame[c("sex", "species", "body_mass_g")])
  expect_identical(rownames(fitted(sexes)), as.character(which(used)))
  expect_equal(
    unname((fitted(sexes) + residuals(sexes))[, 2]), as.numeric(frame$sex[used] == "male")
  )
})

test_that("predict() without new rows gives those of the fit", {
  expect_identical(predict(cars), fitted(cars))
  expect_identical(predict(flowers), predict(flowers, iris))
  expect_identical(predict(flowers, type = "prob"), fitted(flowers))
  expect_identical(predict(flowers, type = "class"), predict(flowers, iris, type = "class"))
  logical <- quick(am == 1 ~ wt, mtcars)
  expect_identical(predict(logical), predict(logical, mtcars))
})

test_that("predict() refuses what it cannot give", {
  expect_input_error(
    predict(cars, mtcars, type = "class"),
    "classes need a fit of task \"classification\", got \"regression\""
  )
  expect_error(predict(cars, mtcars, type = "prob"), "probabilities need", class = "twinprop_error")
  expect_input_error(
    predict(cars, mtcars, type = "link"),
    "type must be one of \"response\", \"class\", \"prob\", got \"link\""
  )
  expect_input_error(
    predict(cars, new_data = mtcars),
    "unknown argument \"new_data\"; allowed: \"object\", \"newdata\", \"type\""
  )
  expect_error(predict(cars, 1:3), "data frame", class = "twinprop_input_error")
  outputs <- quick(Species ~ ., iris, loss = "half_mse", out_activation = "tanh")
  expect_error(
    predict(outputs, iris, type = "prob"), "got \"tanh\"", class = "twinprop_input_error"
  )
  expect_s3_class(predict(outputs, iris), "factor")
})

test_that("deviance() is a residual sum of squares or minus twice the log likelihood", {
  expect_equal(deviance(cars), sum(residuals(cars)^2))
  own <- fitted(flowers)[cbind(1:150, as.integer(iris$Species))]
  expect_equal(deviance(flowers), -2 * sum(log(own)), tolerance = 1e-10)
  w <- rep(0:2, length.out = 150)
  weighted <- quick(Species ~ ., iris, weights = w)
  own <- fitted(weighted)[cbind(1:150, as.integer(iris$Species))]
  expect_equal(deviance(weighted), -2 * sum(w * log(own)), tolerance = 1e-10)
})

test_that("nobs(), formula() and model.frame() are those of the data", {
  frame <- penguins()
  fit <- quick(sex ~ species + body_mass_g, frame, subset = year == 2008)
  used <- complete.cases(frame[c("sex", "species", "body_mass_g")]) & frame$year == 2008
  expect_identical(nobs(fit), sum(used))
  expect_identical(formula(fit), sex ~ species + body_mass_g, ignore_attr = TRUE)
  expect_equal(
    model.frame(fit), frame[used, c("sex", "species", "body_mass_g")],
    ignore_attr = TRUE
  )
  expect_identical(deparse(formula(quick(mpg ~ ., mtcars[1:3]))), "mpg ~ cyl + disp")
  expect_input_error(formula(quick(mtcars["wt"], mtcars$mpg)), "the fit was made without a formula")
})

test_that("update() fits anew", {
  fit <- twinprop(mpg ~ wt, mtcars, hidden = 2, seed = 1)
  bigger <- update(fit, . ~ . + hp)
  expect_identical(bigger$network, twinprop(mpg ~ wt + hp, mtcars, hidden = 2, seed = 1)$network)
  other <- update(fit, hidden = 3)
  expect_identical(other$network$layers, c(1L, 3L, 1L))
  columns <- twinprop(mtcars["wt"], mtcars$mpg, hidden = 2, seed = 1)
  expect_identical(update(columns, hidden = 3)$network, other$network)
  # also where the package is not attached
  far <- twinprop::twinprop(mpg ~ wt, mtcars, hidden = 2, seed = 1)
  expect_identical(far$call[[1]], quote(twinprop::twinprop))
})

test_that("calls stay small and readable", {
  fit <- suppressWarnings(do.call(twinprop, list(mpg ~ wt, mtcars, epochs = 5, seed = 1)))
  expect_identical(
    paste(trimws(deparse(fit$call)), collapse = " "),
    "twinprop(formula = mpg ~ wt, data = `<data.frame>`, epochs = 5, seed = 1)"
  )
})

test_that("plot() draws into the open device and leaves its settings alone", {
  grDevices::pdf(NULL)
  on.exit(grDevices::dev.off())
  devices <- grDevices::dev.list()
  before <- graphics::par(c("mar", "mfrow", "xpd"))
  several <- quick(cbind(mpg, qsec) ~ wt, mtcars)
  for (fit in list(flowers, cars, sexes, several)) {
    expect_identical(plot(fit, which = 1:3, ask = FALSE), fit)
  }
  expect_identical(grDevices::dev.list(), devices)
  expect_identical(graphics::par(c("mar", "mfrow", "xpd")), before)
  expect_input_error(plot(cars, which = 4), "which must be numbers from 1 to 3, got 4")
})

test_that("the picture of the losses has an epoch for each point, and both curves", {
  grDevices::pdf(NULL)
  on.exit(grDevices::dev.off())
  drawn <- tp_plot_cost(cars)
  expect_identical(drawn$cost, cars$history$loss)
  expect_identical(drawn$epoch, cars$history$epoch)
  early <- quick(Species ~ ., iris, early_stopping = TRUE)
  drawn <- tp_plot_cost(early)
  expect_identical(levels(drawn$run), c("loss", "validation"))
  expect_identical(drawn$cost, c(early$history$loss, early$history$validation_loss))
  run <- tp_train(tp_network(c(2, 2, 1)), xor_x, xor_d, epochs = 2)
  drawn <- tp_plot_cost(list(a = cars, b = early, c = run), log = TRUE)
  expect_identical(levels(drawn$run), c("a", "b", "validation (b)", "c"))
})

test_that("observed is drawn against fitted", {
  grDevices::pdf(NULL)
  on.exit(grDevices::dev.off())
  drawn <- plot_fitted(cars)
  expect_equal(drawn$observed, mtcars$mpg)
  expect_equal(drawn$fitted, unname(fitted(cars)))
  drawn <- plot_fitted(sexes)
  own <- ifelse(drawn$class == "male", fitted(sexes)[, 2], fitted(sexes)[, 1])
  expect_equal(drawn$probability, unname(own))
})
