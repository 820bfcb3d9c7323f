# An explained step as text, Markdown, HTML, LaTeX or JSON. Twin: python/twinprop/report.py
#
# Section 12 of the contract. JavaScript has none: a page lays out the equations itself.

explanation_format <- "twinprop-explanation/1"

# Lines of the text have so many characters; an equation that fits into one has one.
line_width <- 100L

report_formats <- c("text", "md", "html", "latex", "json")
report_endings <- c(.txt = "text", .md = "md", .html = "html", .tex = "latex", .json = "json")

#' The report of an explained step
#'
#' @param explanation,x What [tp_explain()] or [tp_explain_plan()] returned.
#' @param format `"text"`; `"md"`, Markdown with formulas in LaTeX; `"html"`, a page that needs
#'   nothing else; `"latex"`, a document; or `"json"`, the tables.
#' @param path A file's path, which ends in .txt, .md, .html, .tex or .json and so says the format.
#' @param ... Not used.
#' @return `tp_report()` returns a string; `tp_write_report()` its `path`, invisibly; `print()` its
#'   argument, invisibly.
#' @section Errors: `twinprop_input_error` if there is no such format, the path ends in something
#'   else, or the file cannot be written.
#' @examples
#' step <- tp_explain_plan("xor", sample = 2)
#' cat(substr(tp_report(step, "md"), 1, 60))
#'
#' path <- tempfile(fileext = ".html")
#' tp_write_report(step, path)
#' unlink(path)
#' @export
tp_report <- function(explanation, format = "text") {
  check_explanation(explanation)
  switch(check_choice(format, "format", report_formats),
    text = text_report(explanation),
    md = markdown_report(explanation),
    html = html_report(explanation),
    latex = latex_report(explanation),
    json = json_report(explanation)
  )
}

#' @rdname tp_report
#' @export
tp_write_report <- function(explanation, path) {
  check_explanation(explanation)
  if (!is_string(path)) {
    input_error("path must be a path, got ", describe(path))
  }
  ending <- regmatches(path, regexpr("\\.[^./]*$", path))
  if (length(ending) == 0L || !ending %in% names(report_endings)) {
    input_error(
      "path must end in one of ", quoted(names(report_endings)), ", got ", describe(path)
    )
  }
  text <- tp_report(explanation, report_endings[[ending]])
  write_whole(path, sub("\n$", "", text))
  invisible(path)
}

#' @rdname tp_report
#' @export
print.tp_explanation <- function(x, ...) {
  cat(tp_report(x))
  invisible(x)
}

check_explanation <- function(explanation) {
  if (!inherits(explanation, "tp_explanation")) {
    input_error(
      "explanation must be what tp_explain() returned, got ", describe(explanation)
    )
  }
}

# Symbol, formula, substitution and value, without what would be said twice.
equation_parts <- function(equation, notation) {
  of <- equation$quantity
  last <- write_expression(of, in_text)
  parts <- write_expression(of, notation)
  for (numbers in c(FALSE, TRUE)) {
    text <- write_expression(equation$expression, in_text, numbers)
    if (text != last) {
      parts <- c(parts, write_expression(equation$expression, notation, numbers))
    }
    last <- text
  }
  if (shown(of$value, of$size) != last) c(parts, write_value(of, notation)) else parts
}

# What stands on each line: all in one where the text fits into one, else in three.
equation_lines <- function(equation, notation) {
  texts <- equation_parts(equation, in_text)
  parts <- if (identical(notation, in_text)) texts else equation_parts(equation, notation)
  if (2L + nchar(paste(texts, collapse = " = ")) <= line_width) {
    return(list(parts))
  }
  c(list(parts[1:2]), as.list(parts[-(1:2)]))
}

# The sentences below the title.
introduction <- function(explanation) {
  c(
    paste0(explanation$title, "."),
    "Numbers are shown to 6 digits; all digits are computed with.",
    if (explanation$summarised) {
      paste(
        "There are too many equations to write them all out: here is a summary of each layer. Ask",
        "for single neurons by their layer and number, as in (2, 1)."
      )
    }
  )
}

summary_head <- c("quantity", "count", "smallest", "mean", "largest")

# The rows of the summary, as text.
summary_rows <- function(explanation) {
  lapply(explanation$layers, function(row) {
    numbers <- vapply(row[c("smallest", "mean", "largest")], function(of) {
      shown(of$value, of$size)
    }, "")
    c(row$symbol, as.character(row$count), unname(numbers))
  })
}

wrapped <- function(text) strwrap(text, line_width + 1L)

text_report <- function(explanation) {
  lines <- unlist(lapply(introduction(explanation), wrapped))
  if (explanation$summarised) {
    rows <- c(list(summary_head), summary_rows(explanation))
    lines <- c(lines, "", vapply(rows, function(row) {
      sprintf("  %-14s%9s%14s%14s%14s", row[1L], row[2L], row[3L], row[4L], row[5L])
    }, ""))
  }
  for (number in seq_along(explanation$sections)) {
    section <- explanation$sections[[number]]
    title <- paste0(number, ". ", section$title)
    lines <- c(
      lines, "", title, strrep("-", nchar(title)), unlist(lapply(section$notes, wrapped)), "",
      unlist(lapply(section$equations, text_equation))
    )
  }
  paste0(paste(lines, collapse = "\n"), "\n")
}

text_equation <- function(equation) {
  lines <- equation_lines(equation, in_text)
  first <- paste0("  ", paste(lines[[1L]], collapse = " = "))
  indent <- strrep(" ", 2L + nchar(lines[[1L]][1L]))
  c(first, vapply(lines[-1L], function(part) paste0(indent, " = ", part), ""))
}

# An equation in LaTeX, its lines aligned at the equals signs.
aligned <- function(equation) {
  lines <- equation_lines(equation, in_latex)
  first <- lines[[1L]]
  first <- if (length(first) > 1L) {
    paste0(first[1L], " &= ", paste(first[-1L], collapse = " = "))
  } else {
    paste0("&", first)
  }
  rows <- c(first, vapply(lines[-1L], function(part) paste0("&= ", part), ""))
  paste0("\\begin{aligned}\n", paste(rows, collapse = " \\\\\n"), "\n\\end{aligned}")
}

markdown_report <- function(explanation) {
  lines <- c("# One training step", "")
  for (text in introduction(explanation)) lines <- c(lines, escaped_markdown(text), "")
  if (explanation$summarised) {
    table_row <- function(cells) paste0("| ", paste(cells, collapse = " | "), " |")
    rows <- vapply(summary_rows(explanation), function(row) {
      table_row(c(paste0("`", row[1L], "`"), row[-1L]))
    }, "")
    lines <- c(
      lines, table_row(summary_head), "| --- | ---: | ---: | ---: | ---: |", rows, ""
    )
  }
  for (number in seq_along(explanation$sections)) {
    section <- explanation$sections[[number]]
    lines <- c(lines, paste0("## ", number, ". ", section$title), "")
    for (note in section$notes) lines <- c(lines, escaped_markdown(note), "")
    for (equation in section$equations) lines <- c(lines, "$$", aligned(equation), "$$", "")
  }
  paste(lines, collapse = "\n")
}

escaped_markdown <- function(text) gsub("([_*])", "\\\\\\1", text)

latex_report <- function(explanation) {
  texts <- introduction(explanation)
  lines <- c(
    "\\documentclass{article}", "\\usepackage{amsmath}", "\\usepackage[margin=2cm]{geometry}",
    "\\allowdisplaybreaks", "\\begin{document}", "\\title{One training step}", "\\date{}",
    "\\maketitle", "", escaped_latex(texts[1L])
  )
  for (text in texts[-1L]) lines <- c(lines, "", escaped_latex(text))
  if (explanation$summarised) {
    rows <- vapply(summary_rows(explanation), function(row) {
      paste0(paste(escaped_latex(row), collapse = " & "), " \\\\")
    }, "")
    lines <- c(
      lines, "", "\\begin{tabular}{lrrrr}",
      paste0(paste(summary_head, collapse = " & "), " \\\\"), "\\hline", rows, "\\end{tabular}"
    )
  }
  for (section in explanation$sections) {
    lines <- c(lines, "", paste0("\\section{", section$title, "}"), "")
    lines <- c(lines, vapply(section$notes, escaped_latex, ""))
    for (equation in section$equations) lines <- c(lines, "\\[", aligned(equation), "\\]")
  }
  paste0(paste(c(lines, "\\end{document}"), collapse = "\n"), "\n")
}

escaped_latex <- function(text) {
  gsub("^", "\\^{}", gsub("_", "\\_", text, fixed = TRUE), fixed = TRUE)
}

html_style <- "
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 66rem; padding: 1rem; }
.twinprop h2 { border-bottom: 1px solid #8888; font-size: 1.15rem; margin: 2rem 0 0.5rem; }
.twinprop p { margin: 0.3rem 0; max-width: 48rem; }
.twinprop .equations { overflow-x: auto; }
.twinprop .equation { margin: 0.3rem 0; padding: 0.1rem 0 0.1rem 1rem; }
.twinprop .blame { background: linear-gradient(90deg, #0072b233 var(--part), transparent 0); }
.twinprop math { font-family: \"STIX Two Math\", \"Cambria Math\", math, serif; }
.twinprop mtd { padding: 0.1rem; text-align: left; }
.twinprop table { border-collapse: collapse; margin: 0.5rem 0; }
.twinprop th, .twinprop td { padding: 0.1rem 0.8rem; text-align: right; }
.twinprop th:first-child, .twinprop td:first-child { text-align: left; }
"

html_report <- function(explanation) {
  paste0(
    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n",
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n",
    "<title>One training step</title>\n<style>", html_style,
    "</style>\n</head>\n<body>\n<h1>One training step</h1>\n", html_body(explanation),
    "</body>\n</html>\n"
  )
}

# The report as a part of a page.
html_body <- function(explanation) {
  cell <- function(tag, text) paste0("<", tag, ">", escaped_html(text), "</", tag, ">")
  table_row <- function(tag, cells) {
    paste0("<tr>", paste(cell(tag, cells), collapse = ""), "</tr>")
  }
  lines <- c("<div class=\"twinprop\">", cell("p", introduction(explanation)))
  if (explanation$summarised) {
    rows <- vapply(summary_rows(explanation), function(row) table_row("td", row), "")
    lines <- c(lines, "<table>", table_row("th", summary_head), rows, "</table>")
  }
  for (number in seq_along(explanation$sections)) {
    section <- explanation$sections[[number]]
    lines <- c(
      lines, cell("h2", paste0(number, ". ", section$title)),
      vapply(section$notes, function(note) cell("p", note), ""), "<div class=\"equations\">",
      vapply(section$equations, html_equation, ""), "</div>"
    )
  }
  paste0(paste(c(lines, "</div>"), collapse = "\n"), "\n")
}

escaped_html <- function(text) {
  text <- gsub("&", "&amp;", text, fixed = TRUE)
  gsub(">", "&gt;", gsub("<", "&lt;", text, fixed = TRUE), fixed = TRUE)
}

html_equation <- function(equation) {
  equals <- function(parts) {
    paste0("<mtd>", paste0("<mo>=</mo>", parts, collapse = "", recycle0 = TRUE), "</mtd>")
  }
  lines <- equation_lines(equation, in_mathml)
  first <- lines[[1L]]
  rows <- c(
    paste0("<mtr><mtd>", first[1L], "</mtd>", equals(first[-1L]), "</mtr>"),
    vapply(lines[-1L], function(part) paste0("<mtr><mtd></mtd>", equals(part), "</mtr>"), "")
  )
  mark <- if (equation$stage == "blame") {
    percent <- shown(100 * equation$quantity$value, 100)
    paste0(" blame\" style=\"--part: ", percent, "%")
  }
  paste0(
    "<div class=\"equation", mark, "\"><math><mtable displaystyle=\"true\">",
    paste(rows, collapse = ""), "</mtable></math></div>"
  )
}

json_report <- function(explanation) {
  number <- function(value) ifelse(is.finite(value), json_number(value), "null")
  place <- function(value) ifelse(is.na(value), "null", as.character(value))
  objects <- function(columns) {
    fields <- paste0("\"", names(columns), "\": ")
    pairs <- Map(function(field, values) paste0(field, values), fields, columns)
    json_array(paste0("{", do.call(paste, c(unname(pairs), sep = ", ")), "}"))
  }
  table <- explanation$table
  summary <- explanation$summary
  text <- function(values) paste0("\"", values, "\"")
  json <- json_object(c(
    format = text(explanation_format),
    version = text(package_version_text()),
    title = text(explanation$title),
    cost_before = number(explanation$cost_before),
    cost_after = number(explanation$cost_after),
    table = objects(list(
      stage = text(table$stage), sample = place(table$sample), layer = place(table$layer),
      from = place(table$from), to = place(table$to), symbol = text(table$symbol),
      formula = text(table$formula), substitution = text(table$substitution),
      value = number(table$value)
    )),
    summary = objects(list(
      stage = text(summary$stage), layer = place(summary$layer), symbol = text(summary$symbol),
      count = place(summary$count), smallest = number(summary$smallest),
      mean = number(summary$mean), largest = number(summary$largest)
    ))
  ))
  paste0(json, "\n")
}
