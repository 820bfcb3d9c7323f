# What happens when R loads and attaches the package. In R only.

.onLoad <- function(libname, pkgname) { # nolint: R's name
  # not there where no compiler worked
  tryCatch(library.dynam("twinprop", pkgname, libname), error = function(e) NULL)
  register_for_parsnip()
}

.onUnload <- function(libpath) { # nolint: R's name
  if (is.loaded("kernel_train", PACKAGE = "twinprop")) library.dynam.unload("twinprop", libpath)
}

.onAttach <- function(libname, pkgname) { # nolint: R's name
  hint <- if (!isFALSE(getOption("twinprop.blas_hint"))) blas_hint(blas_path())
  if (!is.null(hint)) packageStartupMessage(hint)
}

# The file of the BLAS that R runs on; "" where R does not say.
blas_path <- function() {
  path <- extSoftVersion()["BLAS"]
  if (is.na(path)) "" else path[[1L]]
}

# A hint if a BLAS is the reference implementation, several times slower than others; NULL for any
# other, and where nobody can say.
blas_hint <- function(path, system = Sys.info()[["sysname"]]) {
  path <- gsub("\\", "/", normalizePath(path, mustWork = FALSE), fixed = TRUE)
  # R's own, or that of Debian's libblas3 and Fedora's blas
  reference <- c(
    "/libRblas([.][0-9]+)*[.](so|dylib)$", "/Rblas[.]dll$",
    "/blas/libblas[.]so[.0-9]*$", "/usr/lib(64)?/libblas[.]so[.0-9]*$"
  )
  if (!grepl(paste(reference, collapse = "|"), path)) {
    return(NULL)
  }
  paste0(
    "R computes with the reference BLAS, ", path, ": larger networks train several times faster ",
    "with ",
    switch(system,
      Darwin = "Apple's (make libRblas.dylib in R's lib folder a link to libRblas.vecLib.dylib)",
      Windows = "OpenBLAS in place of Rblas.dll",
      "OpenBLAS (Debian and Ubuntu: apt install libopenblas0-pthread)"
    ),
    ". options(twinprop.blas_hint = FALSE) keeps this quiet."
  )
}
