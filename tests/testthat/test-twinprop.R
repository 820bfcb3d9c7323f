# Fits from formulas, data frames, matrices and recipes. What the numbers must be comes from lm()'s
# design matrices, from networks fed by hand and from trainings by tp_train().

test_that("a fit can be redone by tp_train()", {
  fit <- suppressWarnings(
    twinprop(
      Species ~ ., iris,
      hidden = 5, activation = "tanh", epochs = 4, penalty = 0.003, seed = 7
    )
  )
  x <- as.matrix(iris[1:4])
  n <- nrow(x)
  center <- colMeans(x)
  scale <- sqrt(colMeans(sweep(x, 2, center)^2))
  expect_equal(fit$inputs$center, unname(center), tolerance = 1e-12)
  expect_equal(fit$inputs$scale, unname(scale), tolerance = 1e-12)
  d <- outer(as.integer(iris$Species), 1:3, `==`) + 0
  run <- tp_train(
    tp_network(c(4, 5, 3), c("tanh", "softmax"), seed = 7), base::scale(x, center, scale), d,
    cost = "cross_entropy",
    optimizer = tp_optimizer("adam", 0.01, weight_decay = 0.003 / 32), batch_size = 32, epochs = 4,
    shuffle = TRUE, seed = 7
  )
  expect_equal(fit$network$weights, run$network$weights, tolerance = 1e-12)
  expect_equal(fit$network$biases, run$network$biases, tolerance = 1e-12)
  expect_equal(fit$history$loss, run$cost, tolerance = 1e-12)
  expect_equal(unname(fit$fitted.values), run$outputs, tolerance = 1e-12)
})

test_that("a formula makes the inputs that it makes for lm()", {
  frame <- transform(
    mtcars,
    cyl = factor(cyl), gear = factor(gear, ordered = TRUE), auto = am == 0,
    make = sub(" .*", "", rownames(mtcars)) < "M"
  )
  frame$kind <- ifelse(frame$vs == 1, "straight", "V")
  formulas <- list(
    mpg ~ wt, mpg ~ ., mpg ~ wt * cyl, mpg ~ gear + wt, mpg ~ cyl:gear, mpg ~ auto * wt,
    mpg ~ kind + auto, mpg ~ poly(wt, 2) + log(hp), mpg ~ factor(carb > 2) + I(wt^2),
    mpg ~ 0 + cyl + wt
  )
  for (formula in formulas) {
    fit <- quick(formula, frame, hidden = 2, scale = FALSE)
    # lm() sorts strings by the locale, where V may come before straight
    wanted <- transform(frame, kind = factor(kind, c("V", "straight")))
    x <- model.matrix(formula, wanted)
    x <- x[, colnames(x) != "(Intercept)", drop = FALSE]
    label <- paste(deparse(formula), "of inputs")
    expect_identical(
      vapply(fit$inputs$terms, `[[`, "", "name"), colnames(x),
      label = paste("the names", label)
    )
    expect_equal(
      unname(fitted(fit)), by_hand(fit, x)[, 1],
      tolerance = 1e-12, label = paste("the values", label)
    )
    expect_equal(predict(fit, frame), fitted(fit), tolerance = 1e-12, ignore_attr = TRUE)
  }
})

test_that("predictions of new rows need no more than their own columns", {
  fit <- quick(mpg ~ poly(wt, 2) + factor(cyl) * hp, mtcars)
  new <- mtcars[c(3, 1), c("hp", "wt", "cyl")]
  expect_equal(predict(fit, new), fitted(fit)[c(3, 1)], tolerance = 1e-12)
  expect_equal(predict(fit, new[1, ]), fitted(fit)[3], tolerance = 1e-12)
  expect_length(predict(fit, new[0, ]), 0)
})

test_that("the response says what is learned", {
  regression <- quick(mpg ~ wt, mtcars)
  expect_identical(regression$task, "regression")
  expect_identical(regression$network$activations[2], "identity")

  two <- quick(Species ~ ., droplevels(iris[1:100, ]))
  expect_identical(two$network$layers, c(4L, 8L, 1L))
  expect_identical(levels(predict(two, iris[1:2, ])), c("setosa", "versicolor"))
  expect_identical(colnames(predict(two, iris[1:2, ], type = "prob")), c("setosa", "versicolor"))
  # the output is the probability of the second level
  expect_equal(
    predict(two, iris[1:2, ], type = "prob")[, 2], by_hand(two, iris[1:2, 1:4])[, 1],
    tolerance = 1e-12, ignore_attr = TRUE
  )

  # the first level is the first class, whatever the alphabet says
  frame <- transform(iris, Species = factor(Species, c("virginica", "setosa", "versicolor")))
  fit <- quick(Species ~ ., frame)
  expect_identical(colnames(fitted(fit)), levels(frame$Species))
  expect_identical(levels(predict(fit, frame)), levels(frame$Species))

  strings <- quick(as.character(Species) ~ ., iris)
  expect_s3_class(predict(strings, iris), "factor")
  expect_identical(levels(predict(strings, iris)), levels(iris$Species))

  logical <- quick(am == 1 ~ wt + hp, mtcars)
  expect_type(predict(logical, mtcars), "logical")
  expect_identical(colnames(fitted(logical)), c("FALSE", "TRUE"))

  ordered <- transform(mtcars, gear = factor(gear, ordered = TRUE))
  expect_s3_class(predict(quick(gear ~ wt, ordered), ordered), "ordered")

  several <- quick(cbind(mpg, qsec) ~ wt + hp, mtcars)
  expect_identical(colnames(predict(several, mtcars)), c("mpg", "qsec"))
  expect_equal(
    unname(fitted(several)), unname(by_hand(several, mtcars[c("wt", "hp")])),
    tolerance = 1e-12
  )

  labels <- quick(cbind(v = vs == 1, a = am == 1) ~ wt + hp, mtcars)
  expect_identical(labels$task, "multilabel")
  expect_type(predict(labels, mtcars), "logical")
  expect_equal(predict(labels, mtcars) + 0, (fitted(labels) > 0.5) + 0, ignore_attr = TRUE)
  expect_identical(colnames(predict(labels, mtcars, type = "prob")), c("v", "a"))
})

test_that("a level of the response without rows is left out, with a warning, and stays a level", {
  warning <- expect_warning(fit <- quick(Species ~ ., iris[1:100, ]), class = "twinprop_warning")
  expect_identical(
    conditionMessage(warning),
    "response \"Species\" has no rows of level \"virginica\", which is left out"
  )
  expect_identical(fit$network$layers[3], 1L)
  expect_identical(levels(predict(fit, iris[1:3, ])), levels(iris$Species))
  expect_identical(colnames(fitted(fit)), c("setosa", "versicolor"))
})

test_that("rows that lack a value are left out, and predicted NA", {
  frame <- penguins()
  fit <- quick(sex ~ species + body_mass_g, frame)
  used <- complete.cases(frame[c("sex", "species", "body_mass_g")])
  expect_identical(nobs(fit), sum(used))
  expect_identical(as.integer(fit$na.action), which(!used))
  predicted <- predict(fit, frame)
  expect_length(predicted, nrow(frame))
  expect_identical(is.na(predicted), is.na(frame$body_mass_g))
  probabilities <- predict(fit, frame, type = "prob")
  expect_identical(dim(probabilities), c(nrow(frame), 2L))
  expect_true(all(is.na(probabilities[is.na(frame$body_mass_g), ])))
  expect_identical(fit$network, quick(sex ~ species + body_mass_g, frame[used, ])$network)
  # the same by x and y
  both <- quick(frame[c("species", "body_mass_g")], frame$sex)
  expect_equal(both$network, fit$network, tolerance = 1e-12)
  expect_identical(as.integer(both$na.action), which(!used))

  expect_error(quick(sex ~ body_mass_g, frame, na.action = na.fail), "missing values")
  expect_error(quick(frame["body_mass_g"], frame$sex, na.action = na.fail), "missing values")
  padded <- quick(sex ~ body_mass_g, frame, na.action = na.exclude)
  expect_identical(nrow(fitted(padded)), nrow(frame))
  expect_identical(nrow(residuals(padded)), nrow(frame))
  expect_length(predict(padded), nrow(frame))
})

test_that("unseen levels, absent columns and wrong kinds are named", {
  frame <- penguins()
  fits <- list(
    quick(sex ~ species + body_mass_g, frame),
    quick(frame[c("species", "body_mass_g")], frame$sex)
  )
  new <- frame[1:3, c("species", "body_mass_g")]
  for (fit in fits) {
    mars <- transform(new, species = c("Adelie", "Mars", "Venus"))
    expect_input_error(
      predict(fit, mars),
      paste(
        "column \"species\" row 2 must be one of \"Adelie\", \"Chinstrap\", \"Gentoo\",",
        "got \"Mars\""
      )
    )
    expect_input_error(
      predict(fit, new["species"]),
      "missing column \"body_mass_g\"; needed: \"species\", \"body_mass_g\""
    )
    expect_input_error(
      predict(fit, transform(new, body_mass_g = "heavy")),
      "column \"body_mass_g\" row 1 must be a finite number, got \"heavy\""
    )
    # strings will do for a factor, and more or fewer levels
    strings <- transform(new, species = as.character(species))
    expect_identical(predict(fit, strings), predict(fit, new))
  }
  # also of a variable that only R computes
  fit <- quick(mpg ~ log(wt) + factor(cyl), mtcars)
  expect_error(
    predict(fit, transform(mtcars[1:2, ], cyl = c(4, 5))), "factor(cyl) has new levels 5",
    fixed = TRUE, class = "twinprop_input_error"
  )
  expect_input_error(predict(fit, mtcars["wt"]), "missing column \"cyl\"; needed: \"wt\", \"cyl\"")
})

test_that("case weights are those of the rows", {
  frame <- mtcars
  frame$w <- rep(c(0, 1, 2), length.out = nrow(frame))
  repeated <- frame[rep(seq_len(nrow(frame)), frame$w), ]
  settings <- list(hidden = 3, solver = "lbfgs", epochs = 20, seed = 1)
  fit <- suppressWarnings(do.call(
    twinprop, c(list(mpg ~ wt + hp, frame, weights = quote(w)), settings)
  ))
  twice <- suppressWarnings(do.call(twinprop, c(list(mpg ~ wt + hp, repeated), settings)))
  expect_equal(fit$network, twice$network, tolerance = 1e-6)
  expect_equal(deviance(fit), deviance(twice), tolerance = 1e-6)
  expect_identical(weights(fit), frame$w)
  expect_null(weights(twice))
  expect_identical(nobs(fit), sum(frame$w > 0))
  by_columns <- suppressWarnings(do.call(
    twinprop, c(list(frame[c("wt", "hp")], frame$mpg, weights = frame$w), settings)
  ))
  expect_equal(by_columns$network, fit$network, tolerance = 1e-12)
  expect_error(
    twinprop(mpg ~ wt, frame, weights = -w),
    "weights", class = "twinprop_input_error"
  )
  expect_input_error(
    twinprop(mtcars["wt"], mtcars$mpg, weights = 1:3), "weights must have 32 values, got 3"
  )
})

test_that("class weights are case weights by class", {
  codes <- as.integer(iris$Species)[1:110]
  by_class <- quick(
    Species ~ ., iris[1:110, ],
    class_weights = c(virginica = 3, setosa = 0.5), scale = FALSE
  )
  by_row <- quick(Species ~ ., iris[1:110, ], weights = c(0.5, 1, 3)[codes], scale = FALSE)
  expect_equal(by_class$network, by_row$network, tolerance = 1e-12)
  balanced <- quick(Species ~ ., iris[1:110, ], class_weights = "balanced", scale = FALSE)
  by_row <- quick(
    Species ~ ., iris[1:110, ], weights = (110 / (3 * c(50, 50, 10)))[codes], scale = FALSE
  )
  expect_equal(balanced$network, by_row$network, tolerance = 1e-12)
  expect_error(quick(mpg ~ wt, mtcars, class_weights = "balanced"), "without classes")
})

test_that("subset and weights are expressions in the data", {
  small <- quick(mpg ~ wt, mtcars, subset = cyl == 4)
  expect_identical(small$network, quick(mpg ~ wt, mtcars[mtcars$cyl == 4, ])$network)
  inside <- function(limit) quick(mpg ~ wt, mtcars, subset = hp < limit)
  expect_identical(inside(120)$network, quick(mpg ~ wt, mtcars[mtcars$hp < 120, ])$network)
})

test_that("a formula may name functions and constants of its own", {
  make <- function() {
    double <- function(v) 2 * v
    k <- 3
    quick(mpg ~ double(wt) + I(hp > k * 40), mtcars)
  }
  fit <- make()
  expect_equal(predict(fit, mtcars[4:6, ]), fitted(fit)[4:6], tolerance = 1e-12)
  # but the rest of where it stood is not kept
  make <- function() {
    k <- 3
    big <- as.list(seq_len(1e5))
    quick(mpg ~ wt + I(hp > k * 40), mtcars)
  }
  fit <- make()
  expect_equal(predict(fit, mtcars[4:6, ]), fitted(fit)[4:6], tolerance = 1e-12)
  expect_lt(length(serialize(fit, NULL)), 5e4)
})

test_that("data need not be in a data frame", {
  wt <- mtcars$wt
  mpg <- mtcars$mpg
  fit <- quick(mpg ~ wt)
  expect_equal(fit$network, quick(mpg ~ wt, mtcars)$network)
  expect_equal(predict(fit, data.frame(wt = wt[1:3])), unname(fitted(fit)[1:3]), tolerance = 1e-12)
  expect_input_error(
    predict(fit, data.frame(hp = 1)), "missing column \"wt\"; needed: \"wt\""
  )
})

test_that("names that R has to quote are names", {
  frame <- data.frame(`the weight` = mtcars$wt, `a class` = factor(mtcars$cyl), check.names = FALSE)
  frame$`miles per gallon` <- mtcars$mpg
  fit <- quick(`miles per gallon` ~ `the weight` * `a class`, frame)
  same <- quick(mpg ~ wt * cyl, transform(mtcars, cyl = factor(cyl)))
  expect_equal(fit$network, same$network)
  expect_equal(predict(fit, frame[1:3, ]), fitted(fit)[1:3], tolerance = 1e-12)
})

test_that("factor() of a column of numbers goes into the model", {
  fit <- quick(mpg ~ wt * factor(gear) + as.factor(cyl), mtcars)
  factors <- transform(mtcars, gear = factor(gear), cyl = factor(cyl))
  same <- quick(mpg ~ wt * gear + cyl, factors)
  expect_identical(fit$network, same$network)
  expect_identical(unname(predict(fit, mtcars)), unname(predict(same, factors)))
  path <- tempfile(fileext = ".twinprop.json")
  tp_write_model(fit, path)
  expect_identical(predict(tp_read_model(path), mtcars), predict(fit, mtcars))
  expect_error(
    predict(fit, transform(mtcars[1:2, ], gear = c(4, 6))),
    "column \"gear\" row 2 must be one of \"3\", \"4\", \"5\", got 6",
    fixed = TRUE, class = "twinprop_input_error"
  )
  # a column is numbers or levels, not both: R alone computes that
  both <- quick(mpg ~ gear + factor(gear), mtcars)
  expect_equal(predict(both, mtcars), fitted(both), tolerance = 1e-12)
  expect_error(
    tp_write_model(both, path), "no other language computes the terms \"gear\", \"factor(gear)\"",
    fixed = TRUE
  )
})

test_that("x and y do what the formula does", {
  fit <- quick(Species ~ ., iris)
  for (x in list(iris[1:4], as.matrix(iris[1:4]))) {
    same <- quick(x, iris$Species)
    expect_equal(same$network, fit$network, tolerance = 1e-12)
    expect_equal(unname(fitted(same)), unname(fitted(fit)), tolerance = 1e-12)
    expect_identical(predict(same, x), predict(fit, iris))
  }
  several <- quick(mtcars[c("wt", "hp")], mtcars[c("mpg", "qsec")])
  expect_identical(colnames(predict(several, mtcars)), c("mpg", "qsec"))
  expect_identical(quick(mtcars["wt"], mtcars["mpg"])$outputs$names, "mpg")
  # a matrix without names
  plain <- quick(matrix(mtcars$wt), mtcars$mpg)
  expect_equal(predict(plain, matrix(mtcars$wt[1:3])), unname(fitted(plain)[1:3]))
  x <- data.frame(a = mtcars$wt, b = letters[mtcars$gear], c = mtcars$am == 1)
  mixed <- quick(x, mtcars$mpg)
  names <- vapply(mixed$inputs$terms, `[[`, "", "name")
  expect_identical(names, c("a", "bd", "be", "cTRUE"))
})

test_that("a recipe is prepared, and applied to new data", {
  suppressWarnings({ # of the time zone, where there is none
    need("recipes")
    need("hardhat")
  })
  recipe <- recipes::recipe(Species ~ ., data = iris)
  recipe <- recipes::step_log(recipe, recipes::all_numeric_predictors())
  fit <- quick(recipe, iris)
  logs <- transform(iris, Species = Species)
  logs[1:4] <- log(logs[1:4])
  expect_equal(fit$network, quick(Species ~ ., logs)$network, tolerance = 1e-12)
  expect_identical(predict(fit, iris), predict(quick(Species ~ ., logs), logs))
  check <- tp_check_gradient(fit, iris[c(1, 60, 120), 1:4], iris$Species[c(1, 60, 120)])
  expect_true(check$passes)

  # a column of case weights, or weights of their own
  w <- rep(1:3, 50)
  weighted <- quick(Species ~ ., iris, weights = w)
  frame <- cbind(iris, w = hardhat::importance_weights(w))
  expect_equal(quick(recipes::recipe(Species ~ ., frame), frame)$network, weighted$network)
  plain <- recipes::recipe(Species ~ ., iris)
  expect_equal(quick(plain, iris, weights = w)$network, weighted$network)
})

test_that("a package that is not there is named, with how to install it", {
  error <- expect_error(
    need_package("no.such.package", "twinprop() of a recipe"), class = "twinprop_engine_error"
  )
  expect_identical(
    conditionMessage(error),
    paste(
      "twinprop() of a recipe needs no.such.package;",
      "install it: install.packages(\"no.such.package\")"
    )
  )
})

test_that("seeds are R's, and one that is given leaves them alone", {
  set.seed(5)
  first <- twinprop(mpg ~ wt, mtcars, hidden = 2)
  second <- twinprop(mpg ~ wt, mtcars, hidden = 2)
  set.seed(5)
  again <- twinprop(mpg ~ wt, mtcars, hidden = 2)
  expect_identical(first$network, again$network)
  expect_false(identical(first$network, second$network))
  redone <- twinprop(mpg ~ wt, mtcars, hidden = 2, seed = first$settings$seed)
  expect_identical(redone$network, first$network)

  set.seed(9)
  before <- .Random.seed
  twinprop(mpg ~ wt, mtcars, hidden = 2, seed = 3)
  expect_identical(.Random.seed, before)
})

test_that("no hidden layer is linear or logistic regression", {
  fit <- twinprop(mpg ~ wt + hp, mtcars, hidden = NULL, solver = "lbfgs", penalty = 0, tol = 1e-9)
  expect_equal(fitted(fit), fitted(lm(mpg ~ wt + hp, mtcars)), tolerance = 1e-6)
  expect_equal(deviance(fit), deviance(lm(mpg ~ wt + hp, mtcars)), tolerance = 1e-8)
  fit <- twinprop(
    factor(am) ~ wt, mtcars, hidden = 0, solver = "lbfgs", penalty = 0, tol = 1e-9, epochs = 1000
  )
  logistic <- glm(factor(am) ~ wt, binomial, mtcars)
  expect_equal(fitted(fit)[, 2], fitted(logistic), tolerance = 1e-5)
  expect_equal(deviance(fit), deviance(logistic), tolerance = 1e-8)
})

test_that("early stopping and data to validate by give a second curve", {
  fit <- quick(
    Species ~ ., iris,
    early_stopping = TRUE, validation = 0.2, learn_rate = 0.3, epochs = 60
  )
  expect_named(fit$history, c("epoch", "loss", "validation_loss"))
  expect_lt(fit$best_epoch, fit$epochs)
  expect_identical(fit$best_epoch, which.min(fit$history$validation_loss))
  expect_identical(fit$loss, fit$history$loss[fit$best_epoch])
  # of each class alike: each third of the flowers gives 10 of its 50 rows
  x <- scale(iris[1:4], fit$inputs$center, fit$inputs$scale)
  d <- outer(as.integer(iris$Species), 1:3, `==`) + 0
  redone <- fit_network(
    x, d, list(
      early_stopping = TRUE, validation = 0.2, learn_rate = 0.3, epochs = 60, seed = 1
    ),
    task = "classification", strata = as.integer(iris$Species)
  )
  expect_identical(tabulate(as.integer(iris$Species)[redone$validation_rows]), rep(10L, 3))
  expect_equal(fit$network, redone$network, tolerance = 1e-10)
  odd <- iris[c(TRUE, FALSE), ]
  even <- iris[c(FALSE, TRUE), ]
  by_frame <- quick(Species ~ ., odd, validation = even)
  by_list <- quick(odd[1:4], odd$Species, validation = list(x = even[1:4], y = even$Species))
  expect_equal(by_frame$history, by_list$history, tolerance = 1e-12)
  last <- nrow(by_frame$history)
  p <- predict(by_frame, even, type = "prob")[cbind(1:75, as.integer(even$Species))]
  expect_equal(by_frame$history$validation_loss[last], -mean(log(p)), tolerance = 1e-10)
  expect_error(
    quick(Species ~ ., odd, validation = list(1)),
    "a data frame or a list of x and y", class = "twinprop_input_error"
  )
})

test_that("a fit goes on from another", {
  first <- quick(mpg ~ wt + hp, mtcars)
  second <- quick(mpg ~ wt + hp, mtcars, starting_weights = first)
  expect_lt(second$loss, first$loss)
  same <- quick(mpg ~ wt + hp, mtcars, starting_weights = first$network)
  expect_identical(same$network, second$network)
})

test_that("callbacks see every epoch and can stop", {
  seen <- NULL
  fit <- quick(mpg ~ wt, mtcars, callbacks = function(epoch, loss, validation_loss, network) {
    seen <<- c(seen, loss)
    epoch == 5
  })
  expect_identical(fit$history$loss, seen)
  expect_identical(fit$epochs, 5L)
  expect_false(fit$converged)
})

test_that("not to have converged is a warning", {
  expect_warning(
    twinprop(mpg ~ wt, mtcars, epochs = 3, seed = 1), "training has not converged",
    class = "twinprop_warning"
  )
  expect_warning(twinprop(mpg ~ wt, mtcars, hidden = 2, seed = 1), NA)
})

test_that("wrong arguments are input errors that say what is wrong", {
  expect_input_error(
    twinprop("mpg ~ wt"),
    "x must be a formula, a data frame, a matrix or a recipe, got \"mpg ~ wt\""
  )
  expect_input_error(
    twinprop(mpg ~ wt + offset(hp), mtcars), "formula must have no offset, got offset(hp)"
  )
  expect_input_error(
    twinprop(~wt, mtcars), "formula must have a response on the left of ~, got \"~wt\""
  )
  expect_input_error(
    twinprop(mpg ~ 1, mtcars), "formula must have at least 1 predictor, got \"mpg ~ 1\""
  )
  expect_input_error(
    twinprop(mpg ~ wt, mtcars, size = 3), "unknown setting \"size\"; here it is called \"hidden\""
  )
  expect_error(
    twinprop(mpg ~ wt, mtcars, colour = 3), "unknown setting \"colour\"; allowed: \"hidden\"",
    class = "twinprop_input_error"
  )
  expect_error(
    twinprop(mpg ~ wt, mtcars, 8, 100), "settings must be named", class = "twinprop_input_error"
  )
  expect_error(twinprop(mpg ~ wt, mtcars, hidden = -1), "hidden", class = "twinprop_input_error")
  expect_error(
    twinprop(mpg ~ wt, mtcars, activation = "step"), "activation must be one of",
    class = "twinprop_input_error"
  )
  expect_input_error(twinprop(mtcars["wt"]), "y is missing: the response that belongs to x")
  expect_input_error(
    twinprop(mtcars["wt"], 1:3), "y must have as many rows as x (32), got 3"
  )
  expect_input_error(
    twinprop(mtcars["wt"], Sys.Date() + 1:32),
    "response \"y\" must be numbers, a factor, strings or logical values, got a Date"
  )
  expect_input_error(
    twinprop(mtcars["wt"], rep("a", 32)), "response \"y\" must have at least 2 classes, got 1"
  )
  expect_input_error(
    twinprop(matrix("a"), 1), "x must be a matrix of numbers, got one of class character"
  )
  expect_input_error(
    twinprop(mpg ~ wt, transform(mtcars, wt = NA_real_)),
    "the data must have at least 1 row without missing values, got 0"
  )
  one <- transform(mtcars, cyl = factor("four"))
  expect_input_error(
    twinprop(mpg ~ cyl, one), "column \"cyl\" must have at least 2 levels, got 1"
  )
})

test_that("levels of strings do not depend on the locale", {
  frame <- data.frame(x = c("b", "A", "a", "B", "b", "A", "a", "B"), y = 1:8)
  fit <- quick(y ~ x, frame)
  expect_identical(fit$xlevels$x, c("A", "B", "a", "b"))
  classes <- quick(x ~ y, frame)
  expect_identical(levels(predict(classes, frame)), c("A", "B", "a", "b"))
})

test_that("a fit is small, and predicts the same in another R", {
  skip_on_cran()
  make <- function() {
    big <- as.list(seq_len(1e5))
    frame <- tp_dataset("penguins")
    fit <- suppressWarnings(
      do.call(twinprop, list(sex ~ species * body_mass_g + log(bill_length_mm), frame, seed = 1))
    )
    list(fit = fit, predicted = predict(fit, frame, type = "prob"))
  }
  made <- make()
  expect_lt(length(serialize(made$fit, NULL)), 1e5)
  path <- tempfile(fileext = ".rds")
  result <- tempfile(fileext = ".rds")
  on.exit(unlink(c(path, result)))
  saveRDS(made$fit, path)
  code <- sprintf(
    paste0(
      ".libPaths(%s); fit <- readRDS(%s); ",
      "saveRDS(predict(fit, twinprop::tp_dataset('penguins'), type = 'prob'), %s)"
    ),
    paste(deparse(.libPaths()), collapse = ""), deparse(path), deparse(result)
  )
  script <- tempfile(fileext = ".R")
  # the fit alone must load what it needs to predict
  writeLines(c("suppressMessages(loadNamespace('twinprop'))", code), script)
  status <- system2(
    file.path(R.home("bin"), "Rscript"), c("--vanilla", shQuote(script)),
    stdout = FALSE, stderr = FALSE,
    env = paste0("R_LIBS=", paste(.libPaths(), collapse = .Platform$path.sep))
  )
  expect_identical(status, 0L)
  expect_identical(readRDS(result), made$predicted)
})

test_that("a fit in portable arithmetic predicts by it, and so does its file", {
  x <- as.matrix(iris[1:4])
  for (activation in c("tanh", "sigmoid")) {
    fit <- quick(
      Species ~ ., iris, out_activation = "sigmoid", activation = activation,
      arithmetic = "portable"
    )
    expect_identical(fit$settings$arithmetic, "portable")
    z <- scaled(unname(x), fit$inputs$center, fit$inputs$scale)
    a <- predict(fit$network, z, arithmetic = "portable")
    expect_false(identical(a, predict(fit$network, z)))
    expect_identical(unname(raw_outputs(fit, iris)), unname(a))
    total <- (a[, 1] + a[, 2]) + a[, 3]
    expect_identical(unname(predict(fit, iris, type = "prob")), unname(a / total))
    expect_identical(unname(fitted(fit)), unname(a / total))
    path <- tempfile(fileext = ".twinprop.json")
    tp_write_model(fit, path)
    expect_identical(unname(predict(tp_read_model(path), iris, type = "raw")), unname(a))
    expect_identical(fit$training$fingerprint, tp_fingerprint(path))
    fast <- without_kernel(
      quick(Species ~ ., iris, out_activation = "sigmoid", activation = activation)
    )
    expect_false(identical(fast$network, fit$network))
    expect_equal(fitted(fast), fitted(fit), tolerance = 1e-10)
  }
})
