// The Inspector's page begins here.
