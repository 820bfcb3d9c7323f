# The package's help page. Twin: python/twinprop/__init__.py

#' twinprop: one multilayer perceptron in R, Python and JavaScript
#'
#' The same starting weights, data and settings give the same errors, gradients and updated weights
#' in all three languages, step by step. To fit a data frame, start with [twinprop()]; to see how a
#' network learns, with [tp_network()] and [tp_train()]. [tp_step()]
#' shows every number of one step; [tp_rules()] are the backpropagation rules that courses teach
#' beside the exact gradient.
#'
#' Rows are samples. Layers are numbered from 1 (the input) to L (the output). Row k of a weight
#' matrix holds the weights into neuron k. In R a list over the layers 2..L is indexed from 1:
#' `weights[[1]]` leads into layer 2.
#'
#' Errors are conditions of class `twinprop_error` and of a kind: `twinprop_input_error`,
#' `twinprop_divergence_error`, `twinprop_denominator_error`, `twinprop_engine_error`.
#'
#' @keywords internal
#' @docType package
#' @name twinprop-package
NULL
