module read-requests

go 1.19
