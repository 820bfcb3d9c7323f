# The data sets, and what a plan makes of them.
# Twins: python/twinprop/datasets.py, inst/js/datasets.js
#
# The rows are in data/NAME.csv, described in inst/js/datasets.json; all languages share both.
# docs/data.md states the format, the sources and the licences.

#' The names of the data sets
#'
#' @return A character vector: the names that [tp_dataset()] and a plan's `data.dataset` take.
#' @seealso [tp_dataset()]
#' @examples
#' tp_dataset_names()
#' @export
tp_dataset_names <- function() {
  names(dataset_descriptions())
}

#' A data set by its name
#'
#' The same eight data sets come with twinprop in R, Python and JavaScript. A plan that names one
#' drops the rows with a missing value in an input or output column; standardises the numeric inputs
#' with n, not n - 1 (those of `xor` and `three_by_three` stay as they are); makes of a factor one
#' column of 0 and 1 for each level; and leaves the numeric outputs as they are.
#'
#' @param name One of [tp_dataset_names()].
#' @return A data frame: numbers as numeric, factors with their levels in stated order, missing
#'   values `NA`. Its attributes say more: `title`, a one-line description; `inputs` and `outputs`,
#'   the columns that a plan learns from and those that it learns; `network`, the network that
#'   belongs to the data, with its given weights, a list of arguments of [tp_network()] (or none);
#'   `source` and `licence`, where the data come from, and under which terms. An unknown name is an
#'   error of class `twinprop_input_error`.
#' @seealso [tp_dataset_names()]
#' @examples
#' penguins <- tp_dataset("penguins")
#' dim(penguins)
#' attr(penguins, "outputs")
#' @export
tp_dataset <- function(name) {
  description <- dataset_description(name, "dataset")
  frame <- dataset_frame(name)
  attr(frame, "title") <- description$title
  attr(frame, "inputs") <- as.character(description$inputs)
  attr(frame, "outputs") <- as.character(description$outputs)
  attr(frame, "network") <- given_network(description$network)
  attr(frame, "source") <- description$source
  attr(frame, "licence") <- description$licence
  frame
}

# The network of a description, with vectors and matrices for its lists; NULL if there is none.
given_network <- function(network) {
  if (is.null(network)) {
    return(NULL)
  }
  layers <- check_layers(network$layers)
  list(
    layers = layers,
    activations = as.character(network$activations),
    weights = check_weights(network$weights, "weights", layers),
    biases = check_biases(network$biases, "biases", layers)
  )
}

# What a plan makes of a data set: x (n, k), d (n, K) and how many rows were dropped; `arg` is what
# messages call the name.
dataset_plan_data <- function(name, arg = "dataset") {
  description <- dataset_description(name, arg)
  inputs <- as.character(description$inputs)
  outputs <- as.character(description$outputs)
  frame <- dataset_frame(name)
  complete <- stats::complete.cases(frame[c(inputs, outputs)])
  kept <- frame[complete, ]
  list(
    x = plan_matrix(kept[inputs], standardise = description$standardise),
    d = plan_matrix(kept[outputs], standardise = FALSE),
    dropped = sum(!complete)
  )
}

plan_matrix <- function(columns, standardise) {
  blocks <- lapply(names(columns), function(column) {
    values <- columns[[column]]
    if (is.factor(values)) {
      one_hot(values, column)
    } else {
      numbers <- as.double(values)
      matrix(
        if (standardise) standardised(numbers) else numbers,
        dimnames = list(NULL, column)
      )
    }
  })
  do.call(cbind, blocks)
}

# Every language adds from the first value to the last in float64, so that all get the same bits;
# R's sum() carries more digits than a float64.
standardised <- function(x) {
  if (min(x) == max(x)) {
    return(numeric(length(x)))
  }
  centred <- x - running_sum(x) / length(x)
  sd <- sqrt(running_sum(centred * centred) / length(x))
  centred / sd
}

running_sum <- function(x) {
  total <- 0
  for (value in x) {
    total <- total + value
  }
  total
}

one_hot <- function(values, column) {
  indicators <- outer(as.integer(values), seq_len(nlevels(values)), `==`) + 0
  colnames(indicators) <- paste(column, levels(values), sep = "_")
  indicators
}

dataset_descriptions <- function() {
  path <- system.file("js", "datasets.json", package = "twinprop", mustWork = TRUE)
  jsonlite::read_json(path, simplifyVector = FALSE)$datasets
}

# Only a listed name becomes a part of a path.
dataset_description <- function(name, arg) {
  descriptions <- dataset_descriptions()
  descriptions[[check_choice(name, arg, names(descriptions))]]
}

dataset_frame <- function(name) {
  loaded <- new.env()
  utils::data(list = name, package = "twinprop", envir = loaded)
  loaded[[name]]
}
