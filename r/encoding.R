# How columns become inputs, and outputs predictions. Twins: python/twinprop/encoding.py,
# inst/js/encoding.js
#
# Section 16 of the contract; docs/data-contract.md says it with examples. What was learned from the
# data is plain lists, as a model's file has it, so saveRDS() works:
#
# inputs   columns: a list of lists of name, kind ("numeric", "logical" or "factor") and of a factor
#          levels and ordered; terms: a list of lists of name and parts, lists of column and coding,
#          one term for each input of the network, the product of its parts; center, scale
# outputs  names, levels, center, scale

# What a model does, beside NULL: nothing is known but its network.
tasks <- c("regression", "classification", "multilabel")

# What a column holds.
kinds <- c("numeric", "logical", "factor")

# What is done with a row that lacks a value: an error, or a prediction that is missing too.
na_actions <- c("error", "pass")

# What is done with columns that the model does not know.
extra_actions <- c("ignore", "error")

# More levels than these are not listed in messages.
most_listed <- 20L

# Ordered levels beyond which R's polynomials lose their digits.
most_ordered <- 95L

# Columns as they are given ------------------------------------------------------------------------

# Given data as columns: names (NULL where they have none), columns (a list) and rows.
read_frame <- function(data) {
  if (inherits(data, "tp_frame")) {
    return(data)
  }
  if (is.data.frame(data)) {
    columns <- lapply(seq_along(data), function(j) data[[j]])
    return(new_frame(names(data), columns, nrow(data)))
  }
  if (is.matrix(data) && is.atomic(data)) {
    columns <- lapply(seq_len(ncol(data)), function(j) unname(data[, j]))
    return(new_frame(colnames(data), columns, nrow(data)))
  }
  if (is_object(data) && all(vapply(data, is.atomic, NA))) {
    rows <- unique(lengths(data))
    if (length(rows) > 1L) {
      input_error(
        "the columns must have the same number of rows, got [",
        paste(sort(rows), collapse = ", "), "]"
      )
    }
    return(new_frame(names(data), unname(data), rows))
  }
  input_error("the data must be a data frame or a matrix, got ", describe(data))
}

new_frame <- function(names, columns, rows) {
  if (anyDuplicated(names)) {
    input_error("column ", describe(names[anyDuplicated(names)]), " is there twice")
  }
  structure(list(names = names, columns = columns, rows = rows), class = "tp_frame")
}

# A column: values (numbers, logicals or strings), missing, and of a factor levels and ordered.
read_column <- function(given, name) {
  if (is.factor(given)) {
    values <- as.character(given)
    return(list(
      values = values, missing = is.na(values), levels = levels(given),
      ordered = is.ordered(given)
    ))
  }
  plain <- !is.object(given) || identical(class(given), "AsIs")
  values <- as.vector(unclass(given))
  if (!plain || length(dim(given)) > 1L ||
        !(is.numeric(values) || is.logical(values) || is.character(values))) {
    input_error(
      "column ", describe(name), " must hold numbers, strings, levels or true and false, got ",
      class(given)[1L]
    )
  }
  if (is.integer(values)) values <- as.double(values)
  list(values = values, missing = is.na(values), levels = NULL, ordered = FALSE)
}

# Learning an encoding -----------------------------------------------------------------------------

# How the columns of a data frame, a matrix or a list of columns become inputs: numbers as they are;
# TRUE and FALSE as 1 and 0; strings and factors by treatment contrasts, ordered factors by
# contr.poly(). Columns without names are called x1, x2, ...
learn_inputs <- function(data) {
  frame <- read_frame(data)
  names <- frame$names
  if (is.null(names)) names <- sprintf("x%d", seq_along(frame$columns))
  if (length(names) == 0L) input_error("the data must have at least 1 column, got 0")
  columns <- Map(
    function(given, name) learn_column(read_column(given, name), name),
    frame$columns, names
  )
  list(
    columns = unname(columns), terms = do.call(c, lapply(unname(columns), column_terms)),
    center = NULL, scale = NULL
  )
}

# A column's kind, and its levels if it is a factor.
learn_column <- function(column, name) {
  label <- paste("column", describe(name))
  kind <- column_kind(column, label)
  if (kind != "factor") {
    return(list(name = name, kind = kind))
  }
  levels <- column_levels(column)
  if (length(levels) < 2L) {
    input_error(label, " must have at least 2 levels, got ", length(levels))
  }
  check_distinct(levels, label)
  if (column$ordered && length(levels) > most_ordered) {
    input_error(
      label, " must have at most ", most_ordered, " ordered levels, got ", length(levels)
    )
  }
  list(name = name, kind = "factor", levels = levels, ordered = column$ordered)
}

# Refuse levels that read the same.
check_distinct <- function(levels, name) {
  texts <- level_text(levels)
  if (anyDuplicated(texts)) {
    input_error(
      name, " must have distinct levels, got ", describe(texts[anyDuplicated(texts)]), " twice"
    )
  }
}

column_kind <- function(column, name) {
  if (!is.null(column$levels)) {
    return("factor")
  }
  if (all(column$missing)) input_error(name, " must have at least 1 value, got 0")
  if (is.character(column$values)) "factor" else class(column$values)
}

# A factor's own levels; of strings those that are there, by code point in every locale.
column_levels <- function(column) {
  if (!is.null(column$levels)) {
    return(column$levels)
  }
  sort_by_code_point(unique(column$values[!column$missing]))
}

sort_by_code_point <- function(strings) {
  strings <- enc2utf8(strings)
  strings[order(strings, method = "radix")]
}

# The terms that a column alone makes.
column_terms <- function(column) {
  name <- column$name
  if (column$kind == "numeric") {
    return(list(list(name = name, parts = list(list(column = name)))))
  }
  if (column$kind == "logical") {
    parts <- list(list(column = name, coding = c(0, 1)))
    return(list(list(name = paste0(name, "TRUE"), parts = parts)))
  }
  levels <- level_text(column$levels)
  if (column$ordered) {
    coding <- unname(stats::contr.poly(length(levels)))
    endings <- c(".L", ".Q", ".C", sprintf("^%d", seq_along(levels)[-(1:3)]))
  } else {
    coding <- diag(length(levels))[, -1L, drop = FALSE]
    endings <- levels[-1L]
  }
  lapply(seq_len(ncol(coding)), function(j) {
    list(
      name = paste0(name, endings[j]), parts = list(list(column = name, coding = coding[, j]))
    )
  })
}

# Levels as text: strings themselves, numbers as %.15g has them, TRUE or FALSE.
level_text <- function(levels) {
  # -0 is 0
  if (is.numeric(levels)) sprintf("%.15g", levels + 0) else as.character(levels)
}

# Applying it --------------------------------------------------------------------------------------

# The network's inputs (n, k) for new rows. Columns are found by name; those of a matrix without
# names by their place. A row that lacks a value is an error, or with na "pass" a row of NA; extra
# columns are left aside, or with "error" refused.
encode_inputs <- function(inputs, data, na = "error", extra = "ignore") {
  check_choice(na, "na", na_actions)
  check_choice(extra, "extra", extra_actions)
  if (!is.null(inputs$r_only)) {
    x <- encode_frame(inputs, data, na, extra)
    return(scaled(x, inputs$center, inputs$scale))
  }
  frame <- read_frame(data)
  names <- vapply(inputs$columns, `[[`, "", "name")
  given <- find_columns(frame, names, extra)
  values <- vector("list", length(names))
  missing <- logical(frame$rows)
  for (j in seq_along(names)) {
    column <- read_column(given[[j]], names[j])
    values[[j]] <- encode_column(
      inputs$columns[[j]], column, paste("column", describe(names[j])), na
    )
    missing <- missing | column$missing
  }
  x <- matrix(0, frame$rows, length(inputs$terms))
  for (j in seq_along(inputs$terms)) {
    x[, j] <- term_values(inputs$terms[[j]], values, names)
  }
  x[missing, ] <- NA_real_
  scaled(x, inputs$center, inputs$scale)
}

# The columns that the model needs, in its order.
find_columns <- function(frame, names, extra) {
  if (is.null(frame$names)) {
    if (length(frame$columns) != length(names)) {
      input_error(
        "the data must have ", length(names), " columns, got ", length(frame$columns),
        "; needed: ", listed(names)
      )
    }
    return(frame$columns)
  }
  check_column_names(frame$names, names, extra)
  frame$columns[match(names, frame$names)]
}

check_column_names <- function(given, needed, extra) {
  lacking <- setdiff(needed, given)
  if (length(lacking) > 0L) {
    input_error(
      "missing column", if (length(lacking) > 1L) "s", " ", listed(lacking), "; needed: ",
      listed(needed)
    )
  }
  unknown <- setdiff(given, needed)
  if (length(unknown) > 0L && extra == "error") {
    input_error(
      "unknown column", if (length(unknown) > 1L) "s", " ", listed(unknown), "; needed: ",
      listed(needed)
    )
  }
}

# Values for a message, the first ones only of many.
listed <- function(values) {
  shown <- utils::head(values, most_listed)
  text <- paste(vapply(shown, describe, "", USE.NAMES = FALSE), collapse = ", ")
  if (length(values) <= most_listed) text else paste0(text, ", ... (", length(values), " in all)")
}

# A column's numbers, or the places of its values among its levels (FALSE, TRUE for logicals), from
# 1; NA where the value is missing.
encode_column <- function(about, column, name, na = "error") {
  given <- column$values
  if (about$kind == "numeric") {
    allowed <- "a finite number"
    values <- if (is.numeric(given)) given else rep(NaN, length(given))
    wrong <- !is.finite(values)
  } else if (about$kind == "logical") {
    allowed <- "true or false"
    values <- if (is.logical(given)) given + 1L else rep(NA_integer_, length(given))
    wrong <- is.na(values)
  } else {
    allowed <- paste("one of", listed(about$levels))
    values <- match(enc2utf8(level_text(given)), level_text(about$levels))
    wrong <- is.na(values)
  }
  wrong <- wrong & !column$missing
  fault <- if (na == "error") wrong | column$missing else wrong
  if (any(fault)) at_fault(column, which(fault)[1L], name, allowed)
  values[column$missing] <- NA
  values
}

at_fault <- function(column, i, name, allowed) {
  if (column$missing[i]) input_error(name, " row ", i, " is missing")
  input_error(name, " row ", i, " must be ", allowed, ", got ", describe(column$values[i]))
}

# The product of a term's parts; of a level, its number in the coding.
term_values <- function(term, values, names) {
  product <- 1
  for (part in term$parts) {
    factor <- values[[match(part$column, names)]]
    if (!is.null(part$coding)) factor <- part$coding[factor]
    product <- product * factor
  }
  product
}

# Formulas -----------------------------------------------------------------------------------------

# The encoding of a model frame: what model.matrix() makes of it, without the intercept, as columns
# and terms. `data` is where the frame's variables come from. Strings become factors with their
# levels by code point. What no other language can compute, such as log(x) or poly(x, 2), is kept
# for R alone in `r_only`, where `refused` names it. In R only: formulas are R's.
#
# Returns inputs; x (n, k), not scaled; xlevels and contrasts, as model.frame() and model.matrix()
# take them.
frame_inputs <- function(frame, data = NULL, contrasts = NULL) {
  terms <- stats::delete.response(attr(frame, "terms"))
  offset <- attr(terms, "offset")
  if (!is.null(offset)) {
    variables <- as.list(attr(terms, "variables"))[-1L]
    input_error("the formula must have no offset, got ", deparse1(variables[[offset[1L]]]))
  }
  labels <- attr(terms, "term.labels")
  if (length(labels) == 0L) input_error("the formula must have at least 1 input, got 0")
  # quoted names as model.frame() has them, without their quotes
  variables <- variable_names(terms)
  rownames(attr(terms, "factors")) <- variables
  for (name in variables) {
    if (is.character(frame[[name]])) {
      column <- read_column(frame[[name]], name)
      frame[[name]] <- factor(enc2utf8(frame[[name]]), levels = column_levels(column))
    }
    if (is.factor(frame[[name]])) learn_column(read_column(frame[[name]], name), name)
  }
  matrix <- stats::model.matrix(terms, frame, contrasts.arg = contrasts)
  assign <- attr(matrix, "assign")
  contrasts <- attr(matrix, "contrasts")
  x <- matrix[, assign > 0L, drop = FALSE]
  names <- colnames(x)
  parts <- Map(
    variable_parts, variables, as.list(attr(terms, "variables"))[-1L],
    MoreArgs = list(frame = frame, data = data)
  )
  encoded <- Map(
    function(label, j) {
      formula_term(terms, j, frame, parts, contrasts, names[assign[assign > 0L] == j])
    },
    labels, seq_along(labels)
  )
  refused <- labels[vapply(encoded, is.null, NA)]
  xlevels <- stats::.getXlevels(terms, frame)
  columns <- unique(do.call(c, lapply(parts, `[[`, "columns")))
  # x beside factor(x): a column is numbers or levels, not both
  if (anyDuplicated(vapply(columns, `[[`, "", "name")) > 0L) refused <- labels
  inputs <- list(
    columns = unname(columns),
    terms = if (length(refused) == 0L) {
      do.call(c, unname(encoded))
    } else {
      lapply(names, function(name) list(name = name))
    },
    center = NULL, scale = NULL
  )
  x <- base::matrix(as.double(x), nrow(x))
  if (length(refused) > 0L || !same_matrix(inputs, frame, data, x)) {
    if (length(refused) == 0L) refused <- labels
    known <- if (is.null(data)) all.vars(terms) else intersect(all.vars(terms), names(data))
    inputs$r_only <- list(
      terms = terms, xlevels = xlevels, contrasts = contrasts, known = known, refused = refused,
      assign = assign[assign > 0L]
    )
  }
  list(inputs = inputs, x = x, xlevels = xlevels, contrasts = contrasts)
}

# What model.frame() calls the variables of terms.
variable_names <- function(terms) {
  vapply(as.list(attr(terms, "variables"))[-1L], function(variable) {
    paste(deparse(variable, 500L, backtick = !is.name(variable)), collapse = " ")
  }, "")
}

# A variable of a formula as columns (lists of name, kind, levels, ordered) and, of numbers, the
# names whose product it is; NULL if it is no product of columns. I(x^2) and I(x * z) are, and
# factor(x) is a column whose values are levels.
variable_parts <- function(variable, expression, frame, data) {
  if (is.name(expression)) {
    values <- frame[[variable]]
    name <- as.character(expression)
    if (length(dim(values)) > 1L || !(is.factor(values) || is.logical(values) ||
                                        (is.numeric(values) && !is.object(values)))) {
      return(NULL)
    }
    return(list(columns = list(learn_column(read_column(values, name), name)), product = name))
  }
  if (is_factor_of_column(expression, data)) {
    name <- as.character(expression[[2L]])
    column <- learn_column(read_column(frame[[variable]], name), name)
    return(list(columns = list(column), product = name))
  }
  product <- expression_product(expression)
  numeric_column <- function(name) {
    is.numeric(data[[name]]) && !is.object(data[[name]]) && is.null(dim(data[[name]]))
  }
  if (is.null(product) || !is.data.frame(data) || !all(vapply(product, numeric_column, NA))) {
    return(NULL)
  }
  list(
    columns = lapply(unique(product), function(name) list(name = name, kind = "numeric")),
    product = product
  )
}

# Whether an expression is factor(x) or as.factor(x), x a column of the data.
is_factor_of_column <- function(expression, data) {
  is.call(expression) && length(expression) == 2L && is.name(expression[[1L]]) &&
    as.character(expression[[1L]]) %in% c("factor", "as.factor") && is.name(expression[[2L]]) &&
    is.data.frame(data) && is.numeric(data[[as.character(expression[[2L]])]])
}

# The names whose product an expression is; NULL if it is none.
expression_product <- function(expression, inside = FALSE) {
  if (is.name(expression)) {
    return(if (inside) as.character(expression))
  }
  if (!is.call(expression) || !is.name(expression[[1L]])) {
    return(NULL)
  }
  name <- as.character(expression[[1L]])
  if (name == "I" && !inside) {
    return(expression_product(expression[[2L]], TRUE))
  }
  if (!inside) {
    return(NULL)
  }
  if (name == "(") {
    return(expression_product(expression[[2L]], TRUE))
  }
  left <- expression_product(expression[[2L]], TRUE)
  if (name == "*" && length(expression) == 3L) {
    right <- expression_product(expression[[3L]], TRUE)
    return(if (!is.null(left) && !is.null(right)) c(left, right))
  }
  power <- if (name == "^") expression[[3L]]
  if (is_integer(power) && power >= 1 && power <= 9) {
    return(if (!is.null(left)) rep(left, power))
  }
  NULL
}

# The terms of the file that term j of a formula makes; NULL if a variable of it has no parts.
formula_term <- function(terms, j, frame, parts, contrasts, names) {
  factors <- attr(terms, "factors")
  variables <- rownames(factors)[factors[, j] > 0L]
  if (any(vapply(parts[variables], is.null, NA))) {
    return(NULL)
  }
  choices <- lapply(variables, function(variable) {
    values <- frame[[variable]]
    columns <- parts[[variable]]$product
    if (is.numeric(values)) {
      return(list(lapply(columns, function(column) list(column = column))))
    }
    coding <- variable_coding(terms, j, variable, values, frame, contrasts)
    lapply(seq_len(ncol(coding)), function(k) {
      list(list(column = columns, coding = as.double(coding[, k])))
    })
  })
  # the first variable's choices change fastest
  grid <- expand.grid(lapply(choices, seq_along))
  if (nrow(grid) != length(names)) {
    return(NULL)
  }
  lapply(seq_len(nrow(grid)), function(row) {
    picked <- Map(function(choice, k) choice[[k]], choices, unlist(grid[row, ]))
    list(name = names[row], parts = do.call(c, unname(picked)))
  })
}

# How model.matrix() codes a factor's levels (or FALSE and TRUE) in term j: by contrasts, or with a
# column for each level.
variable_coding <- function(terms, j, variable, values, frame, contrasts) {
  factors <- attr(terms, "factors")
  levels <- if (is.logical(values)) c("FALSE", "TRUE") else levels(values)
  if (factors[variable, j] == 2L || first_without_intercept(terms, frame, variable, j)) {
    return(diag(length(levels)))
  }
  contrast <- contrasts[[variable]]
  if (is.character(contrast) || is.function(contrast)) {
    contrast <- match.fun(contrast)(levels)
  }
  as.matrix(contrast)
}

# Without an intercept model.matrix() gives the first factor of the first term that has one a column
# for each level.
first_without_intercept <- function(terms, frame, variable, j) {
  if (attr(terms, "intercept") > 0L) {
    return(FALSE)
  }
  factors <- attr(terms, "factors")
  discrete <- vapply(rownames(factors), function(name) {
    is.factor(frame[[name]]) || is.logical(frame[[name]])
  }, NA)
  present <- factors > 0L & discrete
  first <- which(present)[1L]
  identical(first, which(rownames(factors) == variable) + (j - 1L) * nrow(factors))
}

# Whether the terms compute what model.matrix() did, as far as the frame holds their columns.
same_matrix <- function(inputs, frame, data, x) {
  names <- vapply(inputs$columns, `[[`, "", "name")
  if (!all(names %in% names(frame))) {
    # x^2 without x: the columns are the data's, of which the frame may have dropped rows
    if (!is.data.frame(data) || nrow(data) != nrow(frame)) {
      return(TRUE)
    }
    frame <- cbind(frame, data[setdiff(names, names(frame))])
  }
  ours <- encode_inputs(inputs, as.list(frame)[names], na = "pass")
  isTRUE(all.equal(ours, x, tolerance = 1e-12, check.attributes = FALSE))
}

# The inputs of new rows by R's own model.frame() and model.matrix(), not scaled.
encode_frame <- function(inputs, data, na, extra) {
  own <- inputs$r_only
  data <- as.data.frame(data)
  check_column_names(names(data), own$known, extra)
  frame <- tryCatch(
    stats::model.frame(own$terms, data, na.action = stats::na.pass, xlev = own$xlevels),
    error = function(e) input_error(conditionMessage(e))
  )
  tryCatch(
    stats::.checkMFClasses(attr(own$terms, "dataClasses"), frame),
    error = function(e) input_error(conditionMessage(e))
  )
  if (na == "error" && anyNA(frame)) {
    for (name in names(frame)) {
      lacking <- which(rowSums(is.na(as.matrix(frame[[name]]))) > 0L)
      if (length(lacking) > 0L) {
        input_error("column ", describe(name), " row ", lacking[1L], " is missing")
      }
    }
  }
  matrix <- stats::model.matrix(own$terms, frame, contrasts.arg = own$contrasts)
  matrix <- matrix[, attr(matrix, "assign") > 0L, drop = FALSE]
  x <- base::matrix(as.double(matrix), nrow(matrix))
  x[rowSums(is.na(x)) > 0L, ] <- NA_real_
  x
}

# Scaling ------------------------------------------------------------------------------------------

# The mean and the standard deviation, with n, of each column of x (n, k); a constant column has
# scale 1. With sample weights that are whole numbers the same as each row so many times. Sums go
# from the first row to the last, so that every language gets the same bits.
learn_scale <- function(x, sample_weight = NULL) {
  weight <- if (is.null(sample_weight)) rep(1, nrow(x)) else as.double(sample_weight)
  total <- running_sum(weight)
  counted <- weight > 0
  center <- scale <- rep(1, ncol(x))
  for (j in seq_len(ncol(x))) {
    values <- x[, j]
    if (min(values[counted]) == max(values[counted])) {
      center[j] <- values[counted][1L]
    } else {
      center[j] <- running_sum(weight * values) / total
      centred <- values - center[j]
      scale[j] <- sqrt(running_sum(weight * (centred * centred)) / total)
      if (isTRUE(scale[j] == 0)) scale[j] <- 1
    }
    if (!is.finite(center[j]) || !is.finite(scale[j])) {
      input_error("column ", j, " has values too large to be standardised")
    }
  }
  list(center = center, scale = scale)
}

# (x - center) / scale, column by column; x itself where these are NULL.
scaled <- function(x, center, scale) {
  if (is.null(center)) {
    return(x)
  }
  rows <- nrow(x)
  (x - rep(center, each = rows)) / rep(scale, each = rows)
}

# x * scale + center, column by column; x itself where these are NULL.
unscaled <- function(x, center, scale) {
  if (is.null(center)) {
    return(x)
  }
  rows <- nrow(x)
  x * rep(scale, each = rows) + rep(center, each = rows)
}

# `inputs` with the center and scale of its terms, learned from x (n, k), not scaled. A term in
# which no number takes part, such as the 0 and 1 of a level, keeps center 0 and scale 1.
scale_inputs <- function(inputs, x, sample_weight = NULL) {
  learned <- learn_scale(x, sample_weight)
  if (is.null(inputs$r_only)) {
    numeric <- vapply(inputs$columns, function(about) about$kind == "numeric", NA)
    numeric <- vapply(inputs$columns, `[[`, "", "name")[numeric]
    discrete <- !vapply(inputs$terms, function(term) {
      any(vapply(term$parts, `[[`, "", "column") %in% numeric)
    }, NA)
  } else {
    discrete <- r_only_discrete(inputs)
  }
  learned$center[discrete] <- 0
  learned$scale[discrete] <- 1
  inputs$center <- learned$center
  inputs$scale <- learned$scale
  inputs
}

# Which inputs of a formula are of terms without a number.
r_only_discrete <- function(inputs) {
  terms <- inputs$r_only$terms
  classes <- attr(terms, "dataClasses")[rownames(attr(terms, "factors"))]
  discrete <- classes %in% c("factor", "ordered", "character", "logical")
  by_term <- apply(attr(terms, "factors") > 0L, 2L, function(present) all(discrete[present]))
  by_term[inputs$r_only$assign]
}

# Outputs ------------------------------------------------------------------------------------------

# What the network's outputs stand for: names, levels (NULL but for a classification), center and
# scale, which are NULL. y: classes; for task "multilabel" 0 and 1 in a column for each label; for
# "regression" numbers. The classes are a factor's own levels, else sorted.
learn_outputs <- function(y, task, names = NULL, levels = NULL) {
  given <- output_columns(y, "y")
  if (is.null(names)) names <- given$names
  count <- length(given$columns)
  if (is.null(names)) names <- if (count == 1L) "y" else sprintf("y%d", seq_len(count))
  outputs <- list(names = names, levels = NULL, center = NULL, scale = NULL)
  if (task != "classification") {
    return(outputs)
  }
  if (count != 1L) input_error("y must have 1 column of classes, got ", count)
  if (is.null(levels)) levels <- learn_levels(given$columns[[1L]], "y")
  if (length(levels) < 2L) input_error("y must have at least 2 classes, got ", length(levels))
  check_distinct(levels, "y")
  outputs$levels <- levels
  outputs
}

# The classes of a column: its own levels, else what is there, sorted.
learn_levels <- function(column, name) {
  if (column_kind(column, name) == "factor") {
    return(column_levels(column))
  }
  classes <- sort(unique(column$values[!column$missing]))
  wild <- !is.finite(classes)
  if (any(wild)) {
    input_error(name, " must have finite numbers as classes, got ", describe(classes[wild][1L]))
  }
  # -0 is 0
  if (is.numeric(classes)) classes + 0 else classes
}

# The columns of y, and their names if they have any.
output_columns <- function(y, name) {
  if (is.data.frame(y) || is.matrix(y)) {
    frame <- read_frame(y)
    names <- if (is.null(frame$names)) rep(name, length(frame$columns)) else frame$names
    return(list(columns = Map(read_column, frame$columns, names), names = frame$names))
  }
  list(columns = list(read_column(y, name)), names = NULL)
}

# The desired outputs d (n, K). Two classes make one column, 1 for the second class; more make a
# column of 0 and 1 each. A regression's numbers are standardised if center and scale are there.
encode_outputs <- function(outputs, y, task, name = "y") {
  columns <- output_columns(y, name)$columns
  if (task == "classification") {
    about <- list(kind = "factor", levels = outputs$levels)
    places <- encode_column(about, columns[[1L]], name)
    count <- length(outputs$levels)
    return(if (count == 2L) cbind(places - 1) else diag(count)[places, , drop = FALSE])
  }
  if (length(columns) != length(outputs$names)) {
    input_error(name, " must have ", length(outputs$names), " columns, got ", length(columns))
  }
  labels <- if (length(columns) == 1L) name else paste(name, "column", seq_along(columns))
  encode <- if (task == "multilabel") {
    encode_indicators
  } else {
    function(column, label) encode_column(list(kind = "numeric"), column, label)
  }
  d <- do.call(cbind, Map(encode, columns, labels))
  dimnames(d) <- NULL
  scaled(d, outputs$center, outputs$scale)
}

encode_indicators <- function(column, name) {
  given <- column$values
  values <- if (is.numeric(given) || is.logical(given)) given + 0 else rep(NA_real_, length(given))
  fault <- column$missing | !values %in% c(0, 1)
  if (any(fault)) at_fault(column, which(fault)[1L], name, "0 or 1")
  values
}

# A regression's `outputs` with center and scale, learned from d (n, K), not scaled.
scale_outputs <- function(outputs, d, sample_weight = NULL) {
  learned <- learn_scale(d, sample_weight)
  outputs$center <- learned$center
  outputs$scale <- learned$scale
  outputs
}

# How many outputs the network has: 1 for two classes.
n_outputs <- function(outputs, task) {
  if (task != "classification") {
    return(length(outputs$names))
  }
  count <- length(outputs$levels)
  if (count == 2L) 1L else count
}

# The probabilities of the classes (n, classes) from the network's outputs a (n, K). One output is
# the probability of the second class. Several sigmoid outputs are divided by their sum.
class_probabilities <- function(a, output_activation) {
  check_probabilities(output_activation)
  if (ncol(a) == 1L) {
    return(unname(cbind(1 - a, a)))
  }
  if (output_activation == "softmax") {
    return(a)
  }
  total <- ordered_sum_samples(a) # few terms, in every language the same bits
  a <- a / ifelse(total > 0, total, 1)
  a[which(total == 0), ] <- 1 / ncol(a)
  a
}

# Refuse outputs that are no probabilities.
check_probabilities <- function(output_activation) {
  if (!output_activation %in% c("sigmoid", "softmax")) {
    input_error(
      "probabilities need \"sigmoid\" or \"softmax\" in the output layer, got ",
      describe(output_activation)
    )
  }
}

# The place of each row's class: the largest output, the first of equal ones; with one output the
# second class, if it is above 0.5. NA for a row that is missing.
class_places <- function(a) {
  if (ncol(a) == 1L) {
    return((a[, 1L] > 0.5) + 1L)
  }
  places <- rep(NA_integer_, nrow(a))
  complete <- rowSums(is.na(a)) == 0L
  places[complete] <- max.col(a[complete, , drop = FALSE], ties.method = "first")
  places
}

# Classes from their places, as a factor with all levels.
decode_classes <- function(places, levels) {
  texts <- level_text(levels)
  factor(texts[places], levels = texts)
}

# Checks of what a file or a caller says -----------------------------------------------------------

# A model's inputs, with vectors for lists of numbers and of levels.
check_inputs <- function(value, name = "inputs") {
  value <- check_section(value, name, c("columns", "terms", "center", "scale"))
  columns <- check_entries(value[["columns"]], paste0(name, ".columns"))
  columns <- lapply(seq_along(columns), function(i) {
    check_column(columns[[i]], paste0(name, ".columns entry ", i))
  })
  names(columns) <- vapply(columns, `[[`, "", "name")
  check_unlike(names(columns), paste0(name, ".columns"), "names")
  terms <- check_entries(value[["terms"]], paste0(name, ".terms"))
  terms <- lapply(seq_along(terms), function(i) {
    check_term(terms[[i]], paste0(name, ".terms entry ", i), columns)
  })
  scaling <- check_scaling(value, name, length(terms))
  list(
    columns = unname(columns), terms = terms, center = scaling$center, scale = scaling$scale
  )
}

# A model's outputs, likewise.
check_outputs <- function(value, task, name = "outputs") {
  value <- check_section(value, name, c("names", "levels", "center", "scale"))
  names <- check_list(value[["names"]], paste0(name, ".names"), "strings")
  names <- vapply(seq_along(names), function(i) {
    check_text(names[[i]], paste0(name, ".names entry ", i))
  }, "")
  levels <- value[["levels"]]
  if (identical(task, "classification") != !is.null(levels)) {
    input_error(name, ".levels must be there for a classification and for nothing else")
  }
  if (!is.null(levels)) {
    levels <- check_levels(levels, paste0(name, ".levels"), logicals = TRUE)
    if (length(names) != 1L) {
      input_error(name, ".names must have 1 values, got ", length(names))
    }
  }
  scaling <- check_scaling(value, name, length(names))
  if (!is.null(scaling$center) && !identical(task, "regression")) {
    input_error(name, ".center must be null but for a regression")
  }
  list(names = names, levels = levels, center = scaling$center, scale = scaling$scale)
}

check_section <- function(value, name, keys) {
  value <- check_object(value, name)
  check_keys(value, name, keys)
  check_all_there(value, name, keys)
  value
}

# Refuse an object that lacks a key.
check_all_there <- function(value, where, keys) {
  for (key in keys) {
    if (!has(value, key)) {
      input_error("missing key ", describe(key), " in ", where, "; needed: ", quoted(keys))
    }
  }
}

check_list <- function(value, name, what) {
  entries <- as_entries(from_r(value))
  if (length(entries) == 0L) {
    input_error(name, " must be a list of at least 1 ", what, ", got ", describe(value))
  }
  entries
}

check_entries <- function(value, name) {
  entries <- check_list(value, name, "objects")
  lapply(seq_along(entries), function(i) {
    check_object(entries[[i]], paste0(name, " entry ", i))
  })
}

# A string that every language can hold. R's have neither NUL nor halves of characters; the parser
# makes a "?" of these.
check_text <- function(value, name) {
  if (!is_string(value)) input_error(name, " must be a string, got ", describe(value))
  if (!validUTF8(enc2utf8(value))) {
    input_error(name, " must be a string without NUL and without halves of characters")
  }
  enc2utf8(as.vector(value))
}

check_unlike <- function(values, name, what) {
  if (anyDuplicated(values)) {
    input_error(
      name, " must have distinct ", what, ", got ", describe(values[anyDuplicated(values)]),
      " twice"
    )
  }
}

check_column <- function(value, name) {
  check_keys(value, name, c("name", "kind", "levels", "ordered"))
  check_all_there(value, name, c("name", "kind"))
  column <- list(
    name = check_text(value[["name"]], paste(name, "name")),
    kind = check_choice(value[["kind"]], paste(name, "kind"), kinds)
  )
  if (column$kind != "factor") {
    check_keys(value, name, c("name", "kind"))
    return(column)
  }
  check_all_there(value, name, c("name", "kind", "levels", "ordered"))
  column$levels <- check_levels(value[["levels"]], paste(name, "levels"))
  column$ordered <- check_switch(value[["ordered"]], paste(name, "ordered"))
  column
}

# Levels as a vector: all strings, or all finite numbers, or (of outputs) TRUE and FALSE.
check_levels <- function(value, name, logicals = FALSE) {
  entries <- as_entries(from_r(value))
  is_flag <- function(entry) is.logical(entry) && length(entry) == 1L && !is.na(entry)
  fits <- length(entries) >= 2L && (all(vapply(entries, is_string, NA)) ||
                                      all(vapply(entries, is_finite, NA)) ||
                                      (logicals && all(vapply(entries, is_flag, NA))))
  if (!fits) {
    input_error(
      name, " must be a list of at least 2 ",
      if (logicals) "strings, numbers or true and false" else "strings or numbers", ", got ",
      describe(value)
    )
  }
  if (is_string(entries[[1L]])) {
    levels <- vapply(seq_along(entries), function(i) {
      check_text(entries[[i]], paste0(name, " entry ", i))
    }, "")
  } else {
    levels <- unlist(entries)
    if (is.numeric(levels)) levels <- as.double(levels)
  }
  check_unlike(level_text(levels), name, "entries")
  levels
}

check_term <- function(value, name, columns) {
  value <- check_section(value, name, c("name", "parts"))
  parts <- check_list(value[["parts"]], paste(name, "parts"), "objects")
  list(
    name = check_text(value[["name"]], paste(name, "name")),
    parts = lapply(seq_along(parts), function(i) {
      check_part(parts[[i]], paste(name, "part", i), columns)
    })
  )
}

check_part <- function(value, name, columns) {
  value <- check_object(value, name)
  check_keys(value, name, c("column", "coding"))
  check_all_there(value, name, "column")
  column <- check_choice(value[["column"]], paste(name, "column"), names(columns))
  coding <- value[["coding"]]
  about <- columns[[match(column, names(columns))]]
  if (about$kind == "numeric") {
    if (!is.null(coding)) {
      input_error(name, " coding must be null, got ", describe(coding))
    }
    return(list(column = column))
  }
  count <- if (about$kind == "logical") 2L else length(about$levels)
  list(column = column, coding = check_vector(coding, paste(name, "coding"), count))
}

check_scaling <- function(value, name, count) {
  center <- value[["center"]]
  scale <- value[["scale"]]
  if (is.null(center) != is.null(scale)) {
    input_error(name, ".center and ", name, ".scale must both be there or both be null")
  }
  if (is.null(center)) {
    return(list(center = NULL, scale = NULL))
  }
  center <- check_vector(from_r(center), paste0(name, ".center"), count)
  scale <- check_vector(from_r(scale), paste0(name, ".scale"), count)
  low <- which(scale <= 0)
  if (length(low) > 0L) {
    input_error(
      name, ".scale value ", low[1L], " must be above 0, got ", describe(scale[low[1L]])
    )
  }
  list(center = center, scale = scale)
}
