# The engine "twinprop" of parsnip's mlp(). In R only. parsnip need not be there: its functions are
# looked up when its namespace is loaded, before this package or after it.

register_for_parsnip <- function() {
  if (isNamespaceLoaded("parsnip")) register_parsnip()
  setHook(packageEvent("parsnip", "onLoad"), function(...) register_parsnip())
}

# parsnip's names of the settings, and the functions of dials that give the ranges to tune them in.
parsnip_settings <- list(
  hidden_units = "hidden", penalty = "penalty", dropout = "dropout", epochs = "epochs",
  activation = "activation", learn_rate = "learn_rate"
)

# Register the engine, once; `parsnip` finds a function of parsnip by its name.
register_parsnip <- function(parsnip = function(name) getExportedValue("parsnip", name)) {
  engines <- parsnip("get_from_env")("mlp")
  if ("twinprop" %in% engines$engine) {
    return(invisible())
  }
  for (mode in c("regression", "classification")) {
    parsnip("set_model_engine")("mlp", mode = mode, eng = "twinprop")
    parsnip("set_fit")(
      model = "mlp", eng = "twinprop", mode = mode,
      value = list(
        interface = "data.frame", protect = c("x", "y", "weights"),
        func = c(pkg = "twinprop", fun = "twinprop"), defaults = list()
      )
    )
    parsnip("set_encoding")(
      model = "mlp", eng = "twinprop", mode = mode,
      options = list(
        # factors are coded by twinprop()
        predictor_indicators = "none", compute_intercept = FALSE, remove_intercept = FALSE,
        allow_sparse_x = FALSE
      )
    )
  }
  parsnip("set_dependency")("mlp", eng = "twinprop", pkg = "twinprop")
  for (name in names(parsnip_settings)) {
    parsnip("set_model_arg")(
      model = "mlp", eng = "twinprop", parsnip = name, original = parsnip_settings[[name]],
      func = list(pkg = "dials", fun = name), has_submodel = FALSE
    )
  }
  predictions <- list(
    list("regression", "numeric", "response", NULL),
    list("regression", "raw", "response", NULL),
    list("classification", "class", "class", NULL),
    list("classification", "prob", "prob", parsnip_probabilities),
    list("classification", "raw", "prob", NULL)
  )
  for (prediction in predictions) {
    parsnip("set_pred")(
      model = "mlp", eng = "twinprop", mode = prediction[[1L]], type = prediction[[2L]],
      value = list(
        pre = NULL, post = prediction[[4L]], func = c(fun = "predict"),
        args = list(
          object = quote(object$fit), newdata = quote(new_data), type = prediction[[3L]]
        )
      )
    )
  }
  invisible()
}

# Probabilities as parsnip wants them: a column for each level, also for those without rows.
parsnip_probabilities <- function(result, object) {
  levels <- object$lvl
  columns <- lapply(levels, function(level) {
    if (level %in% colnames(result)) unname(result[, level]) else rep(0, nrow(result))
  })
  as_table(list2DF(stats::setNames(columns, levels)))
}
