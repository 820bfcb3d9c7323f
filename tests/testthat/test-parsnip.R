# The engine for parsnip. parsnip is not installed where these tests run: a stand-in takes down what
# is registered, as parsnip 1.0 does, and then does what parsnip does with it: it calls the fitting
# function with the protected arguments, evaluates the arguments of a prediction, and names columns.

parsnip_stand_in <- function() {
  kept <- list(engines = NULL, args = NULL, fit = list(), encoding = list(), pred = list())
  known <- function(eng, mode) any(kept$engines$engine == eng & kept$engines$mode == mode)
  api <- list(
    get_from_env = function(items) {
      stopifnot(items == "mlp")
      kept$engines
    },
    set_model_engine = function(model, mode, eng) {
      stopifnot(model == "mlp")
      kept$engines <<- rbind(kept$engines, data.frame(engine = eng, mode = mode))
    },
    set_dependency = function(model, eng, pkg) {
      # parsnip refuses engines that it does not know
      stopifnot(eng %in% kept$engines$engine)
      kept$package <<- pkg
    },
    set_model_arg = function(model, eng, parsnip, original, func, has_submodel) {
      stopifnot(eng %in% kept$engines$engine, names(func) == c("pkg", "fun"))
      kept$args[parsnip] <<- original
    },
    set_fit = function(model, eng, mode, value) {
      stopifnot(known(eng, mode))
      stopifnot(setequal(names(value), c("interface", "protect", "func", "defaults")))
      kept$fit[[mode]] <<- value
    },
    set_encoding = function(model, eng, mode, options) {
      stopifnot(known(eng, mode))
      kept$encoding[[mode]] <<- options
    },
    set_pred = function(model, eng, mode, type, value) {
      stopifnot(known(eng, mode))
      stopifnot(setequal(names(value), c("pre", "post", "func", "args")))
      kept$pred[[mode]][[type]] <<- value
    }
  )
  list(find = function(name) api[[name]], kept = function() kept)
}

# parsnip::fit_xy() of a specification with these arguments, in parsnip's names; others are those of
# set_engine().
stand_in_fit <- function(kept, mode, x, y, args = list(), weights = NULL) {
  value <- kept$fit[[mode]]
  renamed <- names(args) %in% names(kept$args)
  names(args)[renamed] <- kept$args[names(args)[renamed]]
  given <- c(list(x = quote(x), y = quote(y)), args, value$defaults, list(seed = 1))
  if (!is.null(weights)) given$weights <- quote(weights)
  stopifnot(c("x", "y", names(given)[names(given) == "weights"]) %in% value$protect)
  fun <- call("::", as.name(value$func[["pkg"]]), as.name(value$func[["fun"]]))
  list(fit = eval(as.call(c(fun, given))), lvl = levels(y), mode = mode)
}

# predict() of a model_fit: always as many rows as new data, in columns named .pred...
stand_in_predict <- function(kept, object, new_data, type) {
  value <- kept$pred[[object$mode]][[type]]
  result <- eval(as.call(c(as.name(value$func[["fun"]]), value$args)))
  if (!is.null(value$post)) result <- value$post(result, object)
  if (type == "numeric") {
    return(data.frame(.pred = unname(result)))
  }
  if (type == "class") {
    return(data.frame(.pred_class = factor(as.character(result), levels = object$lvl)))
  }
  stopifnot(is.data.frame(result))
  names(result) <- paste0(".pred_", names(result))
  result
}

registered <- function() {
  stand_in <- parsnip_stand_in()
  register_parsnip(stand_in$find)
  stand_in$kept()
}

test_that("the engine is registered in both modes, once", {
  stand_in <- parsnip_stand_in()
  register_parsnip(stand_in$find)
  kept <- stand_in$kept()
  expect_identical(kept$engines$mode, c("regression", "classification"))
  expect_identical(kept$package, "twinprop")
  expect_identical(
    kept$args,
    c(
      hidden_units = "hidden", penalty = "penalty", dropout = "dropout", epochs = "epochs",
      activation = "activation", learn_rate = "learn_rate"
    )
  )
  # the settings are ours, and those that parsnip has no name for can be given to set_engine()
  expect_true(all(kept$args %in% names(fit_defaults)))
  expect_identical(kept$encoding$regression$predictor_indicators, "none")
  register_parsnip(stand_in$find)
  expect_identical(stand_in$kept(), kept)
})

test_that("a classification predicts classes and probabilities", {
  kept <- registered()
  args <- list(
    hidden_units = 4, penalty = 0.01, epochs = 30, learn_rate = 0.02, activation = "tanh",
    arithmetic = "portable"
  )
  object <- suppressWarnings(
    stand_in_fit(kept, "classification", iris[1:4], iris$Species, args)
  )
  settings <- object$fit$settings
  expect_identical(settings$hidden, 4L)
  expect_identical(settings$penalty, 0.01)
  expect_identical(settings$learn_rate, 0.02)
  expect_identical(settings$activation, "tanh")
  expect_identical(settings$arithmetic, "portable")
  new <- iris[c(1, 60, 120), 1:4]
  classes <- stand_in_predict(kept, object, new, "class")
  expect_identical(classes$.pred_class, predict(object$fit, new))
  probabilities <- stand_in_predict(kept, object, new, "prob")
  expect_identical(names(probabilities), paste0(".pred_", levels(iris$Species)))
  expect_equal(
    as.matrix(probabilities), predict(object$fit, new, type = "prob"),
    ignore_attr = TRUE
  )
})

test_that("probabilities have a column for each level, and rows that lack a value stay", {
  kept <- registered()
  object <- suppressWarnings(
    stand_in_fit(kept, "classification", iris[1:100, 1:4], iris$Species[1:100], list(epochs = 5))
  )
  new <- iris[c(1, 60), 1:4]
  new[2, 1] <- NA
  probabilities <- stand_in_predict(kept, object, new, "prob")
  expect_identical(names(probabilities), paste0(".pred_", levels(iris$Species)))
  expect_identical(probabilities$.pred_virginica, c(0, 0))
  expect_identical(is.na(probabilities$.pred_setosa), c(FALSE, TRUE))
  expect_identical(
    is.na(stand_in_predict(kept, object, new, "class")$.pred_class), c(FALSE, TRUE)
  )
})

test_that("a regression predicts numbers, with case weights and factors as they are", {
  kept <- registered()
  x <- data.frame(wt = mtcars$wt, cyl = factor(mtcars$cyl))
  w <- rep(1:2, 16)
  object <- suppressWarnings(
    stand_in_fit(kept, "regression", x, mtcars$mpg, list(epochs = 5), weights = w)
  )
  expect_identical(weights(object$fit), as.numeric(w))
  predicted <- stand_in_predict(kept, object, x[1:3, ], "numeric")
  expect_equal(predicted$.pred, unname(fitted(object$fit)[1:3]), tolerance = 1e-12)
})

test_that("parsnip is asked when it is loaded, before or after this package", {
  hooks <- getHook(packageEvent("parsnip", "onLoad"))
  ours <- vapply(hooks, function(hook) {
    identical(environmentName(topenv(environment(hook))), "twinprop")
  }, NA)
  expect_true(any(ours))
})

test_that("parsnip itself takes the engine, where it is installed", {
  name <- "parsnip"
  skip_if_not(requireNamespace(name, quietly = TRUE), "parsnip is not installed")
  parsnip <- asNamespace(name)
  spec <- parsnip$mlp("classification", "twinprop", hidden_units = 3, epochs = 20)
  fit <- suppressWarnings(parsnip$fit.model_spec(spec, Species ~ ., iris))
  new <- iris[c(1, 60, 120), ]
  expect_identical(predict(fit, new)$.pred_class, predict(fit$fit, new))
  expect_identical(
    names(predict(fit, new, type = "prob")), paste0(".pred_", levels(iris$Species))
  )
})
