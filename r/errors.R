# The package's conditions. Twins: python/twinprop/errors.py, inst/js/errors.js
#
# All errors have class "twinprop_error" and one of the kinds below, so that a caller can catch them
# with tryCatch(). Their messages are those of section 9 of the contract, the same in all languages.

# A condition of the given kind; `...` are fields that it carries, such as the network.
tp_condition <- function(kind, message, ...) {
  structure(
    class = c(kind, "twinprop_error", "error", "condition"),
    list(message = message, call = NULL, ...)
  )
}

input_error <- function(...) {
  stop(tp_condition("twinprop_input_error", paste0(...)))
}

divergence_error <- function(...) {
  stop(tp_condition("twinprop_divergence_error", paste0(...)))
}

denominator_error <- function(...) {
  stop(tp_condition("twinprop_denominator_error", paste0(...)))
}

# A warning of class "twinprop_warning": the result is there, but not what one may take it for.
give_warning <- function(...) {
  warning(structure(
    class = c("twinprop_warning", "warning", "condition"),
    list(message = paste0(...), call = NULL)
  ))
}
