//! The incidents as plays: the files a company would have had, and the truth beside them.
