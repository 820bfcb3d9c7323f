# A network as a function in JavaScript or R, or as a query in SQL. Twins:
# python/twinprop/code_writers.py
#
# What is written stands alone: it needs neither twinprop nor another package. Both languages write
# the same text. Names and levels get into it as quoted strings or identifiers only. JavaScript has
# no twin: there a network is a function already.

# Words that are no names, as patterns.
js_reserved <- paste0(
  "arguments|await|break|case|catch|class|const|continue|debugger|default|delete|do|else|enum|",
  "eval|export|extends|false|finally|for|function|if|implements|import|in|instanceof|interface|",
  "let|new|null|package|private|protected|public|return|static|super|switch|this|throw|true|try|",
  "typeof|var|void|while|with|yield"
)
r_reserved <- "if|else|repeat|while|function|for|next|break|in|TRUE|FALSE|NULL|Inf|NaN|NA|NA_.*_"

# Dialects of SQL, and their function for the largest of several values.
dialects <- c(sqlite = "MAX", postgresql = "GREATEST", standard = "GREATEST")

# A sum of more terms than these is written in groups: SQLite allows expressions a depth of 1000.
longest_sum <- 100L

# Names, strings and numbers -----------------------------------------------------------------------

# A number, so that it reads back as the same float64.
write_number <- function(value) sprintf("%.17g", value)

listed_numbers <- function(values) paste(write_number(values), collapse = ", ")

# A string in ASCII; `escape` writes the codes that have no place in it.
write_string <- function(text, escape, also = character()) {
  codes <- utf8ToInt(enc2utf8(text))
  characters <- vapply(codes, function(code) {
    character <- intToUtf8(code)
    if (character %in% c("\"", "\\")) {
      paste0("\\", character)
    } else if (code >= 0x20 && code <= 0x7e && !character %in% also) {
      character
    } else {
      escape(code)
    }
  }, "")
  paste0("\"", paste(characters, collapse = ""), "\"")
}

# A string in JavaScript, so that it can stand in a page's script too.
js_string <- function(text) {
  write_string(text, also = "<", function(code) {
    if (code <= 0xffff) {
      return(sprintf("\\u%04x", code))
    }
    above <- code - 0x10000
    sprintf("\\u%04x\\u%04x", 0xd800 + above %/% 0x400, 0xdc00 + above %% 0x400)
  })
}

r_string <- function(text) {
  write_string(text, function(code) {
    if (code <= 0xffff) sprintf("\\u%04x", code) else sprintf("\\U%08x", code)
  })
}

sql_string <- function(text) paste0("'", gsub("'", "''", enc2utf8(text), fixed = TRUE), "'")

# An identifier, always in quotes.
sql_name <- function(name) {
  paste0("\"", gsub("\"", "\"\"", enc2utf8(name), fixed = TRUE), "\"", recycle0 = TRUE)
}

sql_number <- function(value) {
  ifelse(value < 0, paste0("(", write_number(value), ")"), write_number(value))
}

check_function_name <- function(name, language, pattern, reserved) {
  if (!is_string(name) || !grepl(paste0("^(?:", pattern, ")\\z"), name, perl = TRUE) ||
        grepl(paste0("^(?:", reserved, ")\\z"), name, perl = TRUE)) {
    input_error("name must be a name of a function in ", language, ", got ", describe(name))
  }
  name
}

title_of <- function(parts) {
  network <- parts$network
  paste0(
    "A ", paste(network$layers, collapse = "-"), " multilayer perceptron (",
    paste(network$activations, collapse = ", "), "), by twinprop."
  )
}

some <- function(count, what) paste0(count, " ", what, if (count != 1) "s")

indented <- function(lines) paste0("  ", lines)

is_text <- function(levels) all(vapply(levels, is.character, NA))

as_text <- function(lines) paste0(paste(lines, collapse = "\n"), "\n")

# x1, x2, ...
numbered <- function(letter, count) paste0(letter, seq_len(count), recycle0 = TRUE)

# JavaScript ---------------------------------------------------------------------------------------

js_activations <- c(
  sigmoid = "(z) => z.map((v) => 1 / (1 + Math.exp(-v)))",
  tanh = "(z) => z.map((v) => Math.tanh(v))",
  relu = "(z) => z.map((v) => (v > 0 ? v : 0))",
  leaky_relu = "(z) => z.map((v) => (v > 0 ? v : 0.01 * v))",
  softplus = "(z) => z.map((v) => Math.max(v, 0) + Math.log1p(Math.exp(-Math.abs(v))))",
  identity = "(z) => z",
  softmax = paste(
    sep = "\n",
    "(z) => {",
    "      const largest = z.reduce((m, v) => Math.max(m, v));",
    "      const y = z.map((v) => Math.exp(v - largest));",
    "      const sum = y.reduce((s, v) => s + v, 0);",
    "      return y.map((v) => v / sum);",
    "    }"
  )
)

#' A network as a function in JavaScript or R
#'
#' The source of a function that needs nothing else: neither twinprop nor another package.
#'
#' @param model A network made by [tp_network()], or a model.
#' @param name The name of the function.
#' @return A string, the source.
#'
#'   In JavaScript a network's function takes an array of numbers and returns an array. A model's
#'   takes a row `{column: value}` and returns an object. A value that is missing, of the wrong kind
#'   or an unknown level is an Error that names the column.
#'
#'   In R a network's function takes a matrix or data frame of numbers, rows are samples, and
#'   returns a matrix. A model's takes a data frame with its columns and returns a data frame. A row
#'   with NA is predicted as NA; a column that is missing or of the wrong kind, or an unknown level,
#'   is an error that names it.
#'
#'   What a model's function returns holds `prediction`, or `prediction_NAME` for each of several
#'   outputs; `class` and `probability_LEVEL` for each class; `probability_NAME` for each of several
#'   labels.
#' @section Errors: `twinprop_input_error` if an argument is not as described.
#' @seealso [tp_to_sql()]
#' @examples
#' network <- tp_network(c(2, 3, 1), c("tanh", "sigmoid"))
#' cat(tp_to_js_function(network))
#'
#' source <- tp_to_r_function(network, "forecast")
#' eval(parse(text = source))
#' forecast(rbind(c(0, 1), c(1, 1)))
#' @export
tp_to_js_function <- function(model, name = "predict") {
  parts <- exported(model)
  check_function_name(name, "JavaScript", "[A-Za-z_$][A-Za-z0-9_$]*", js_reserved)
  layers <- parts$network$layers
  if (!is.null(parts$task)) {
    return(as_text(c(
      paste("//", title_of(parts)),
      "// Takes a row {column: value}, returns an object.",
      paste0("function ", name, "(row) {"),
      indented(c(js_inputs(parts), js_network(parts), js_prediction(parts))),
      "}"
    )))
  }
  as_text(c(
    paste("//", title_of(parts)),
    paste0(
      "// Takes an array of ", some(layers[1L], "number"), ", returns an array of ",
      some(layers[length(layers)], "number"), "."
    ),
    paste0("function ", name, "(x) {"),
    "  let a = Array.from(x);",
    paste0("  if (a.length !== ", layers[1L], " || !a.every(Number.isFinite)) {"),
    paste0(
      "    throw new Error(\"x must be an array of ", some(layers[1L], "finite number"), "\");"
    ),
    "  }",
    indented(js_network(parts)),
    "  return a;",
    "}"
  ))
}

js_network <- function(parts) {
  network <- parts$network
  used <- unique(network$activations)
  c(
    "const activations = {",
    paste0("  ", used, ": ", js_activations[used], ","),
    "};",
    "const layers = [",
    unlist(lapply(seq_along(network$weights), function(l) {
      c(
        "  {",
        paste0("    activation: \"", network$activations[l], "\","),
        "    weights: [",
        paste0("      [", apply(network$weights[[l]], 1L, listed_numbers), "],"),
        "    ],",
        paste0("    biases: [", listed_numbers(network$biases[[l]]), "],"),
        "  },"
      )
    })),
    "];",
    "for (const { activation, weights, biases } of layers) {",
    "  const before = a;",
    "  const z = weights.map((w, k) => w.reduce((s, v, j) => s + v * before[j], biases[k]));",
    "  a = activations[activation](z);",
    "}"
  )
}

js_level <- function(level) {
  if (is.character(level)) {
    return(js_string(level))
  }
  if (is.logical(level)) tolower(level_text(level)) else write_number(level)
}

# The levels of a column, written each by `write`, with commas.
listed_levels <- function(levels, write) {
  paste(vapply(levels, function(level) write(level_text(level)), ""), collapse = ", ")
}

js_inputs <- function(parts) {
  columns <- vapply(parts$columns, function(column) {
    entry <- paste0("name: ", js_string(column$name), ", kind: \"", column$kind, "\"")
    if (column$kind == "factor") {
      entry <- paste0(entry, ", levels: [", listed_levels(column$levels, js_string), "]")
    }
    paste0("  { ", entry, " },")
  }, "")
  terms <- vapply(parts$terms, function(term) {
    pieces <- vapply(term, function(part) {
      coding <- if (!is.null(part$coding)) paste0(", [", listed_numbers(part$coding), "]")
      paste0("[", part$column - 1L, coding, "]")
    }, "")
    paste0("  [", paste(pieces, collapse = ", "), "],")
  }, "")
  c(
    "const columns = [",
    columns,
    "];",
    "const values = columns.map(({ name, kind, levels }) => {",
    "  const value = row[name];",
    "  const place = kind === \"factor\" && value != null ? levels.indexOf(String(value)) : -1;",
    "  if (kind === \"numeric\" && Number.isFinite(value)) return value;",
    "  if (kind === \"logical\" && typeof value === \"boolean\") return value ? 1 : 0;",
    "  if (place >= 0) return place;",
    "  const kinds = { numeric: \"a finite number\", logical: \"true or false\" };",
    "  const allowed = kinds[kind] || `one of \"${levels.join('\", \"')}\"`;",
    "  throw new Error(`column \"${name}\" must be ${allowed}, got ${String(value)}`);",
    "});",
    "// for each input the product of its columns' values, or of their levels' numbers",
    "const terms = [",
    terms,
    "];",
    "let a = terms.map((parts) =>",
    "  parts.reduce((p, [j, coding]) => p * (coding ? coding[values[j]] : values[j]), 1),",
    ");",
    if (!is.null(parts$center)) {
      c(
        paste0("const center = [", listed_numbers(parts$center), "];"),
        paste0("const scale = [", listed_numbers(parts$scale), "];"),
        "a = a.map((v, j) => (v - center[j]) / scale[j]);"
      )
    }
  )
}

js_prediction <- function(parts) {
  names <- vapply(prediction_names(parts), js_string, "")
  scaling <- if (!is.null(parts$output_center)) {
    c(
      paste0("const outputScale = [", listed_numbers(parts$output_scale), "];"),
      paste0("const outputCenter = [", listed_numbers(parts$output_center), "];"),
      "a = a.map((v, k) => v * outputScale[k] + outputCenter[k]);"
    )
  }
  if (parts$task != "classification" || is.null(parts$levels)) {
    entries <- paste0("  ", names, ": a[", seq_along(names) - 1L, "],")
    return(c(scaling, "return {", entries, "};"))
  }
  one <- length(parts$network$biases[[length(parts$network$biases)]]) == 1L
  levels <- paste(vapply(parts$levels, js_level, ""), collapse = ", ")
  probabilities <- if (!has_probabilities(parts)) {
    NULL
  } else if (one) {
    "const p = [1 - a[0], a[0]];"
  } else if (output_activation(parts$network) == "softmax") {
    "const p = a;"
  } else {
    c(
      "const total = a.reduce((s, v) => s + v, 0);",
      "const p = a.map((v) => (total > 0 ? v / total : 1 / a.length));"
    )
  }
  c(
    scaling,
    paste0("const levels = [", levels, "];"),
    if (one) {
      "const place = a[0] > 0.5 ? 1 : 0;"
    } else {
      "const place = a.reduce((best, v, k) => (v > a[best] ? k : best), 0);"
    },
    probabilities,
    "return {",
    "  class: levels[place],",
    paste0("  ", names[-1L], ": p[", seq_along(names[-1L]) - 1L, "],", recycle0 = TRUE),
    "};"
  )
}

# R ------------------------------------------------------------------------------------------------

r_activations <- c(
  sigmoid = "function(z) 1 / (1 + exp(-z))",
  tanh = "tanh",
  relu = "function(z) pmax(z, 0)",
  leaky_relu = "function(z) pmax(z, 0.01 * z)",
  softplus = "function(z) pmax(z, 0) + log1p(exp(-abs(z)))",
  identity = "function(z) z",
  softmax = paste(
    sep = "\n",
    "function(z) {",
    "      y <- exp(z - do.call(pmax, lapply(seq_len(ncol(z)), function(k) z[, k])))",
    "      y / rowSums(y)",
    "    }"
  )
)

#' @rdname tp_to_js_function
#' @export
tp_to_r_function <- function(model, name = "predict_network") {
  parts <- exported(model)
  check_function_name(name, "R", "(?:[A-Za-z]|\\.(?![0-9]))[A-Za-z0-9._]*", r_reserved)
  layers <- parts$network$layers
  if (!is.null(parts$task)) {
    return(as_text(c(
      paste("#", title_of(parts)),
      "# Takes a data frame, returns a data frame.",
      paste0(name, " <- function(newdata) {"),
      indented(c(r_inputs(parts), r_network(parts), r_prediction(parts))),
      "}"
    )))
  }
  as_text(c(
    paste("#", title_of(parts)),
    paste0(
      "# Takes a matrix or data frame of ", some(layers[1L], "column"), ", returns a matrix of ",
      some(layers[length(layers)], "column"), "."
    ),
    paste0(name, " <- function(newdata) {"),
    "  a <- unname(as.matrix(newdata))",
    paste0("  if (!is.numeric(a) || ncol(a) != ", layers[1L], ") {"),
    paste0(
      "    stop(\"newdata must have ", some(layers[1L], "column"), " of numbers\", call. = FALSE)"
    ),
    "  }",
    indented(r_network(parts)),
    "  a",
    "}"
  ))
}

# Each entry with a comma, but for the last.
with_commas <- function(entries) {
  paste0(entries, rep(c(",", ""), c(length(entries) - 1L, 1L)))
}

r_network <- function(parts) {
  network <- parts$network
  used <- unique(network$activations)
  count <- length(network$weights)
  c(
    "activations <- list(",
    with_commas(paste0("  ", used, " = ", r_activations[used])),
    ")",
    "layers <- list(",
    unlist(lapply(seq_len(count), function(l) {
      weights <- network$weights[[l]]
      c(
        "  list(",
        paste0("    activation = \"", network$activations[l], "\","),
        "    weights = matrix(c(",
        with_commas(paste0("      ", apply(weights, 1L, listed_numbers))),
        paste0("    ), ", nrow(weights), ", byrow = TRUE),"),
        paste0("    biases = c(", listed_numbers(network$biases[[l]]), ")"),
        if (l == count) "  )" else "  ),"
      )
    })),
    ")",
    "for (layer in layers) {",
    "  z <- a %*% t(layer$weights) + rep(layer$biases, each = nrow(a))",
    "  a <- activations[[layer$activation]](z)",
    "}"
  )
}

r_level <- function(level) {
  if (is.character(level)) {
    return(r_string(level))
  }
  if (is.logical(level)) level_text(level) else write_number(level)
}

r_inputs <- function(parts) {
  columns <- vapply(parts$columns, function(column) {
    entry <- paste0(r_string(column$name), ", \"", column$kind, "\"")
    if (column$kind == "factor") {
      entry <- paste0(entry, ", c(", listed_levels(column$levels, r_string), ")")
    }
    paste0("  column(", entry, ")")
  }, "")
  terms <- vapply(parts$terms, function(term) {
    pieces <- vapply(term, function(part) {
      value <- paste0("columns[[", part$column, "]]")
      if (is.null(part$coding)) {
        return(value)
      }
      paste0("c(", listed_numbers(part$coding), ")[", value, "]")
    }, "")
    paste0("  ", paste(pieces, collapse = " * "))
  }, "")
  c(
    "newdata <- as.data.frame(newdata)",
    "column <- function(name, kind, levels) {",
    "  if (!name %in% names(newdata)) {",
    "    stop(\"missing column \\\"\", name, \"\\\"\", call. = FALSE)",
    "  }",
    "  value <- newdata[[name]]",
    "  if (kind == \"factor\") {",
    "    place <- match(as.character(value), levels)",
    "    unknown <- which(is.na(place) & !is.na(value))",
    "    if (length(unknown) > 0) {",
    "      stop(",
    "        \"column \\\"\", name, \"\\\" row \", unknown[1], \" must be one of \\\"\",",
    paste0(
      "        paste(levels, collapse = \"\\\", \\\"\"), \"\\\", got \\\"\", value[unknown[1]], ",
      "\"\\\"\","
    ),
    "        call. = FALSE",
    "      )",
    "    }",
    "    return(place)",
    "  }",
    "  if (kind == \"logical\" && is.logical(value)) {",
    "    return(value + 1L)",
    "  }",
    "  if (kind != \"numeric\" || !is.numeric(value)) {",
    "    stop(\"column \\\"\", name, \"\\\" must be \", kind, call. = FALSE)",
    "  }",
    "  as.numeric(value)",
    "}",
    "columns <- list(",
    with_commas(columns),
    ")",
    "# for each input the product of its columns' values, or of their levels' numbers",
    "a <- unname(cbind(",
    with_commas(terms),
    "))",
    if (!is.null(parts$center)) {
      c(
        paste0("center <- c(", listed_numbers(parts$center), ")"),
        paste0("scale <- c(", listed_numbers(parts$scale), ")"),
        "a <- (a - rep(center, each = nrow(a))) / rep(scale, each = nrow(a))"
      )
    }
  )
}

r_prediction <- function(parts) {
  names <- paste(vapply(prediction_names(parts), r_string, ""), collapse = ", ")
  scaling <- if (!is.null(parts$output_center)) {
    c(
      paste0("output_scale <- c(", listed_numbers(parts$output_scale), ")"),
      paste0("output_center <- c(", listed_numbers(parts$output_center), ")"),
      "a <- a * rep(output_scale, each = nrow(a)) + rep(output_center, each = nrow(a))"
    )
  }
  if (parts$task != "classification" || is.null(parts$levels)) {
    return(c(scaling, paste0("stats::setNames(as.data.frame(a), c(", names, "))")))
  }
  one <- length(parts$network$biases[[length(parts$network$biases)]]) == 1L
  levels <- paste(vapply(parts$levels, r_level, ""), collapse = ", ")
  class <- c(
    scaling,
    paste0("levels <- c(", levels, ")"),
    if (one) {
      "class <- levels[1L + (a[, 1] > 0.5)]"
    } else {
      "class <- levels[max.col(a, \"first\")]"
    },
    if (is_text(parts$levels)) "class <- factor(class, levels = levels)"
  )
  if (!has_probabilities(parts)) {
    return(c(class, "data.frame(class = class)"))
  }
  probabilities <- if (one) {
    "p <- cbind(1 - a[, 1], a[, 1])"
  } else if (output_activation(parts$network) == "softmax") {
    "p <- a"
  } else {
    c(
      "total <- rowSums(a)",
      "p <- a / total",
      "p[which(total == 0), ] <- 1 / ncol(a)"
    )
  }
  c(class, probabilities, paste0("stats::setNames(data.frame(class, p), c(", names, "))"))
}

# SQL ----------------------------------------------------------------------------------------------

#' A network as a query in SQL
#'
#' One SELECT, layer by layer, that predicts every row of a table. It needs EXP, for softplus LN,
#' and a database that takes identifiers in double quotes and backslashes in strings as they are.
#'
#' @param model A network made by [tp_network()], or a model.
#' @param table The table's name, or the parts of it: schema and table.
#' @param columns For a network, the columns that are its inputs; x1, x2, ... if not given. A model
#'   knows its columns.
#' @param keep Columns that are taken over into the result, such as a key.
#' @param dialect `"sqlite"`, `"postgresql"` (and DuckDB), or `"standard"`, for the rest that has
#'   GREATEST.
#' @return A string. The query's columns are those of `keep` and y1, y2, ...; for a model
#'   `prediction`, or `prediction_NAME` for each of several outputs; `class` and `probability_LEVEL`
#'   for each class; `probability_NAME` for each of several labels. A row with NULL or an unknown
#'   level is predicted as NULL.
#' @section Errors: `twinprop_input_error` if an argument is not as described.
#' @seealso [tp_to_r_function()]
#' @examples
#' network <- tp_network(c(1, 1), "identity", weights = list(matrix(2)), biases = list(1))
#' cat(tp_to_sql(network, "points"))
#' @export
tp_to_sql <- function(model, table, columns = NULL, keep = character(), dialect = "sqlite") {
  parts <- exported(model)
  from <- sql_table(table)
  names <- sql_columns(parts, columns)
  if (!is_names(keep)) {
    input_error("keep must be a list of names, got ", describe(keep))
  }
  keep <- as.character(unlist(keep))
  dialect <- check_choice(dialect, "dialect", names(dialects))
  bare <- is.null(parts$task)
  layers <- parts$network$layers
  made <- if (bare) numbered("y", layers[length(layers)]) else prediction_names(parts)
  twice <- keep[tolower(keep) %in% tolower(made)]
  if (length(twice) > 0L) {
    input_error("keep must not name a column of the prediction, got ", describe(twice[1L]))
  }
  last <- tolower(unlist(table)[length(table)])
  query <- list(
    prefix = if (startsWith(last, "tp_")) "twinprop_" else "tp_",
    largest = dialects[[dialect]],
    # or the optimiser writes each step's expressions into the next, over and over
    kind = if (dialect == "standard") "AS" else "AS MATERIALIZED",
    keys = numbered("k", length(keep))
  )
  inputs <- if (bare) {
    paste0("CAST(t.", names, " AS DOUBLE PRECISION)")
  } else {
    sql_terms(parts, names)
  }
  items <- c(
    paste0("t.", sql_name(keep), " AS ", query$keys, recycle0 = TRUE),
    paste0(inputs, " AS a", seq_along(inputs))
  )
  query <- add_step(query, "x", items, paste(from, "AS t"))
  query <- sql_network(parts, query)
  if (bare) {
    results <- paste(query$outputs, "AS", sql_name(made))
  } else {
    query <- sql_prediction(parts, query, made)
    results <- query$results
  }
  final <- c(paste(query$keys, "AS", sql_name(keep), recycle0 = TRUE), results)
  paste0(
    "WITH\n", paste(query$steps, collapse = ",\n"), "\n", sql_select(final, query$last, ""), "\n"
  )
}

is_names <- function(value) {
  entries <- from_r(value)
  is.list(entries) && all(vapply(entries, is_string, NA)) &&
    all(validEnc(as.character(unlist(entries))))
}

# A query of steps, each of which selects from the one before. But for the first, a step takes the
# kept columns over.
add_step <- function(query, name, items, source = NULL) {
  if (is.null(source)) {
    items <- c(query$keys, items)
    source <- query$last
  }
  query$last <- paste0(query$prefix, name)
  query$steps <- c(
    query$steps,
    paste0(query$last, " ", query$kind, " (\n", sql_select(items, source, "  "), "\n)")
  )
  query
}

sql_select <- function(items, source, space) {
  paste0(
    space, "SELECT\n", paste0(space, "  ", items, collapse = ",\n"), "\n", space, "FROM ", source
  )
}

sql_table <- function(table) {
  entries <- as.character(if (is_names(table)) unlist(table))
  if (length(entries) == 0L || any(entries == "")) {
    input_error("table must be a name or a list of names, got ", describe(table))
  }
  paste(sql_name(entries), collapse = ".")
}

sql_columns <- function(parts, columns) {
  if (!is.null(parts$task)) {
    if (!is.null(columns)) {
      input_error("columns must be null for a Model, which knows its own, got ", describe(columns))
    }
    return(sql_name(vapply(parts$columns, `[[`, "", "name")))
  }
  count <- parts$network$layers[1L]
  if (is.null(columns)) {
    return(sql_name(numbered("x", count)))
  }
  if (!is_names(columns)) {
    input_error("columns must be a list of names, got ", describe(columns))
  }
  if (length(columns) != count) {
    input_error("columns must have ", count, " values, got ", length(columns))
  }
  sql_name(as.character(unlist(columns)))
}

sql_terms <- function(parts, names) {
  products <- vapply(parts$terms, function(term) {
    pieces <- vapply(term, function(part) {
      sql_part(parts$columns[[part$column]], names[part$column], part$coding)
    }, "")
    paste(pieces, collapse = " * ")
  }, "")
  if (is.null(parts$center)) {
    return(products)
  }
  paste0("(", products, " - ", sql_number(parts$center), ") / ", sql_number(parts$scale))
}

sql_part <- function(column, name, coding) {
  if (column$kind == "numeric") {
    return(paste0("CAST(t.", name, " AS DOUBLE PRECISION)"))
  }
  if (is.null(coding)) coding <- c(0, 1)
  if (column$kind == "logical") {
    return(paste0(
      "CAST(CASE WHEN t.", name, " THEN ", write_number(coding[2L]), " WHEN NOT t.", name,
      " THEN ", write_number(coding[1L]), " END AS DOUBLE PRECISION)"
    ))
  }
  levels <- vapply(column$levels, sql_level, "")
  cases <- paste("WHEN", levels, "THEN", write_number(coding), collapse = " ")
  paste0("CAST(CASE t.", name, " ", cases, " END AS DOUBLE PRECISION)")
}

sql_level <- function(level) {
  if (is.character(level)) {
    return(sql_string(level))
  }
  if (is.logical(level)) level_text(level) else write_number(level)
}

sql_sum <- function(terms) {
  if (length(terms) <= longest_sum) {
    return(paste(terms, collapse = " + "))
  }
  groups <- split(terms, (seq_along(terms) - 1L) %/% longest_sum)
  sql_sum(vapply(groups, function(group) paste0("(", paste(group, collapse = " + "), ")"), ""))
}

# f(z), so that nothing overflows where that would be an error.
sql_activation <- function(name, z) {
  small <- function(most) {
    paste0("CASE WHEN ABS(", z, ") > ", most, " THEN -", most, " ELSE -ABS(", z, ") END")
  }
  switch(name,
    sigmoid = {
      e <- paste0("EXP(", small(700), ")")
      paste0("CASE WHEN ", z, " >= 0 THEN 1 ELSE ", e, " END / (1 + ", e, ")")
    },
    tanh = {
      e <- paste0("EXP(2 * ", small(350), ")")
      paste0("CASE WHEN ", z, " >= 0 THEN 1 ELSE -1 END * (1 - ", e, ") / (1 + ", e, ")")
    },
    relu = paste0("CASE WHEN ", z, " <= 0 THEN 0 ELSE ", z, " END"),
    leaky_relu = paste0("CASE WHEN ", z, " <= 0 THEN 0.01 * ", z, " ELSE ", z, " END"),
    softplus = paste0(
      "CASE WHEN ", z, " <= 0 THEN 0 ELSE ", z, " END + LN(1 + EXP(", small(700), "))"
    )
  )
}

# Add the layers' steps, and the names of the outputs.
sql_network <- function(parts, query) {
  network <- parts$network
  before <- numbered("a", network$layers[1L])
  for (l in seq_along(network$weights)) {
    w <- network$weights[[l]]
    b <- network$biases[[l]]
    units <- seq_along(b)
    z <- numbered("z", length(b))
    sums <- vapply(units, function(k) {
      sql_sum(c(sql_number(b[k]), paste(sql_number(w[k, ]), "*", before)))
    }, "")
    query <- add_step(query, paste0("z", l + 1L), paste0(sums, " AS ", z))
    before <- numbered("a", length(b))
    if (network$activations[l] == "identity") {
      before <- z
    } else if (network$activations[l] == "softmax") {
      query <- sql_softmax(query, l + 1L, z)
    } else {
      values <- vapply(z, function(name) sql_activation(network$activations[l], name), "")
      query <- add_step(query, paste0("a", l + 1L), paste0(values, " AS ", before))
    }
  }
  query$outputs <- before
  query
}

sql_softmax <- function(query, layer, z) {
  step <- function(name) paste0(name, layer)
  largest <- paste0(query$largest, "(", paste(z, collapse = ", "), ") AS m")
  query <- add_step(query, step("m"), c(z, largest))
  e <- numbered("e", length(z))
  query <- add_step(query, step("e"), paste0(
    "EXP(CASE WHEN ", z, " - m < -700 THEN -700 ELSE ", z, " - m END) AS ", e
  ))
  query <- add_step(query, step("s"), c(e, paste(sql_sum(e), "AS s")))
  add_step(query, step("a"), paste0(e, " / s AS a", seq_along(e)))
}

# The items of the last SELECT, with a step before where the class needs the largest output.
sql_prediction <- function(parts, query, made) {
  names <- sql_name(made)
  a <- query$outputs
  values <- a
  if (!is.null(parts$output_center)) {
    values <- paste(
      a, "*", sql_number(parts$output_scale), "+", sql_number(parts$output_center)
    )
  }
  if (parts$task != "classification" || is.null(parts$levels)) {
    query$results <- paste(values, "AS", names)
    return(query)
  }
  levels <- vapply(parts$levels, sql_level, "")
  if (length(a) == 1L) {
    class <- paste0(
      "CASE WHEN ", a, " > 0.5 THEN ", levels[2L], " WHEN ", a, " <= 0.5 THEN ", levels[1L],
      " END AS ", names[1L]
    )
    p <- c(paste("1 -", a), a)
  } else {
    largest <- paste0(query$largest, "(", paste(a, collapse = ", "), ") AS best")
    query <- add_step(query, "best", c(a, largest, paste(sql_sum(a), "AS total")))
    cases <- paste("WHEN", a, "= best THEN", levels, collapse = " ")
    class <- paste("CASE", cases, "END AS", names[1L])
    p <- if (output_activation(parts$network) == "softmax") {
      a
    } else {
      paste0("CASE WHEN total > 0 THEN ", a, " / total ELSE 1.0 / ", length(a), " + total END")
    }
  }
  query$results <- c(class, if (has_probabilities(parts)) paste(p, "AS", names[-1L]))
  query
}
