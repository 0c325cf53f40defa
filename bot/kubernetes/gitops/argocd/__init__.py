"""What do Argo CD's Applications declare, and how does Argo CD build it?"""
