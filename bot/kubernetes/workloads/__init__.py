"""What do pods run with? Templates, accounts, references, requests, spreading and taints."""
